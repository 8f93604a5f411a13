// What steps came to: a StepAccount for each that runs, and the StepLog of the job's first node, a
// file in the job folder from which the agent tells the scheduler once the job is over. Owned by
// Steps, on the shepherd's poll thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/result.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {

class StepAccount {
 public:
  void begin(std::int64_t step, const std::string& program, std::uint32_t tasks,
             std::uint32_t nodes);
  void add(const proto::TaskEnded& ended);
  // Once, for a step that has begun.
  [[nodiscard]] std::optional<proto::StepEntry> close(int exit_code);

 private:
  std::optional<proto::StepEntry> entry_;
  std::chrono::steady_clock::time_point since_;
};

class StepLog {
 public:
  explicit StepLog(const std::string& folder) : path_(folder + "/steps") {}

  // Beyond StepRecords::kKeptMax only counted, and so is what cannot be written. The batch script
  // always has its place.
  void add(const proto::StepEntry& entry);
  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

 private:
  const std::string path_;
  std::size_t kept_ = 0;
  std::uint64_t left_out_ = 0;
};

// "a.out" of "/home/ada/a.out".
[[nodiscard]] std::string program_name(const std::string& command);

}  // namespace usine::shepherd
