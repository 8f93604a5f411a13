// A cluster of emulated nodes for one benchmark: started by `usine up` in a folder of its own, gone
// with everything it started when this goes. One per process, since it collects the processes that
// the cluster leaves behind. For the main thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "cli/client.h"
#include "common/result.h"
#include "proto/users.pb.h"

namespace usine::bench {

class BenchCluster {
 public:
  // Ready for jobs: every node is up. Job folders lie in a folder made in `run_dir`, or where that
  // is empty in the cluster's. Errors: what `usine up` said, or kUnavailable.
  [[nodiscard]] static Result<std::unique_ptr<BenchCluster>> start(std::size_t nodes,
                                                                   const std::string& run_dir);
  BenchCluster(const BenchCluster&) = delete;
  BenchCluster& operator=(const BenchCluster&) = delete;
  ~BenchCluster();

  [[nodiscard]] Result<cli::Client> connect() const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // `usine WORDS... --state FOLDER -- COMMAND...` from its start to its end. Error: kUnavailable
  // where it fails.
  [[nodiscard]] Status run_usine(std::vector<std::string> words,
                                 const std::vector<std::string>& command) const;

  // CPU time, user and system, that scheduler, agents, shepherds and jobs have used so far; ended
  // ones are counted when whoever started them has collected them.
  [[nodiscard]] std::chrono::duration<double> cpu_time();

  // Returns when no job waits or runs. Error: kUnavailable past the limit.
  [[nodiscard]] Status wait_until_idle(cli::Client& client, std::chrono::seconds limit) const;

 private:
  explicit BenchCluster(std::filesystem::path folder) : folder_(std::move(folder)) {}
  [[nodiscard]] Status wait_for_nodes(std::size_t nodes) const;

  std::filesystem::path folder_;
  std::filesystem::path run_folder_;
  std::vector<pid_t> daemons_;
};

// Where benchmarks of jobs keep job folders unless told otherwise: in memory, as packages set it
// up.
constexpr const char* kRunDir = "/dev/shm";

// A program of ours, in the folder of the running one.
[[nodiscard]] std::string program(const std::string& name);

// One job: one core on each of `nodes` nodes, its output thrown away.
[[nodiscard]] proto::SubmitRequest job_request(const std::string& script, std::size_t nodes);

}  // namespace usine::bench
