// A scheduler of its own for one benchmark: the shipped program on a folder of its own, ended and
// removed when this goes. Its nodes are up once somebody joins for them. For the main thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <sys/types.h>

#include "cli/client.h"
#include "common/result.h"
#include "proto/users.pb.h"

namespace usine::bench {

class OwnScheduler {
 public:
  // Writes at least `cluster.yaml` into the folder that it is given.
  using Preparation = std::function<Status(const std::filesystem::path&)>;

  // Ready for calls. Errors: kUnavailable, with its log; those of the preparation.
  [[nodiscard]] static Result<std::unique_ptr<OwnScheduler>> start(const Preparation& prepare);
  // On so many nodes and an empty store.
  [[nodiscard]] static Result<std::unique_ptr<OwnScheduler>> start(std::uint32_t nodes);
  OwnScheduler(const OwnScheduler&) = delete;
  OwnScheduler& operator=(const OwnScheduler&) = delete;
  ~OwnScheduler();

  // Ends it as a failing machine would.
  void kill();
  // After kill(), at the address that it had. Errors as those of start().
  [[nodiscard]] Status revive();

  // A connection of its own.
  [[nodiscard]] Result<cli::Client> connect() const;
  // Processor time that it has used so far, on all cores, also in the system's name.
  [[nodiscard]] std::chrono::duration<double> cpu_time() const;
  // Memory of it that is in the machine's now; 0 where that cannot be told.
  [[nodiscard]] double rss_mib() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit OwnScheduler(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Status wait_until_ready() const;

  std::filesystem::path folder_;
  pid_t pid_ = -1;
};

// A batch job as `usine submit` sends it: a short script, an environment of 4 KiB, one core.
[[nodiscard]] proto::SubmitRequest typical_submission();

// Submits `jobs` such jobs over `clients` connections, each with one request in flight. Returns
// each call's latency in ms; the first error ends it.
[[nodiscard]] Result<std::vector<double>> submit_many(const OwnScheduler& scheduler,
                                                      std::int64_t clients, std::int64_t jobs);

}  // namespace usine::bench
