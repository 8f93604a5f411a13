// A cluster of a test's own: `usine up` in a folder that goes with the test, everything taken down
// however the test ends.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"
#include "tests/support/temp_folder.h"

namespace usine::test {

using Json = nlohmann::json;

struct ClusterOptions {
  int nodes = 2;
  std::string timings = {};  // lines of cluster.yaml's `timings`, "kill_wait_s: 1"; empty: defaults
  std::string more = {};     // further keys of cluster.yaml with their line ends
  std::vector<std::string> up = {};     // further options of `usine up`
  std::function<bool()> around = {};    // done by each `usine up` before it starts anything
  std::vector<std::string> users = {};  // who may work on it beside us, by tokens
  // Done with the path of the state folder before the cluster comes up first.
  std::function<void(const std::string&)> prepare = {};
  std::string parent = {};  // folder in which its own is made; empty: the usual one
};

class TestCluster {
 public:
  // Up when the constructor returns; throws with what `usine up` said where it does not come up.
  explicit TestCluster(const ClusterOptions& options = {});
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;
  ~TestCluster();

  // `usine` with these words, in the folder `work`.
  [[nodiscard]] ProgramResult usine(std::vector<std::string> words,
                                    const std::string& input = {}) const;
  // The same as one of the `users`, who is that user also to the system and has the folder
  // `home-USER` of `work`.
  [[nodiscard]] ProgramResult usine_as(const std::string& user,
                                       std::vector<std::string> words) const;
  // Any program.
  [[nodiscard]] ProgramResult as(const std::string& user, std::vector<std::string> argv) const;
  // Its standard output as JSON; null where it failed.
  [[nodiscard]] Json usine_json(std::vector<std::string> words) const;
  // Starts what is not running.
  void up() const;

  // The id of a job submitted with --parsable and these words; 0 where it was refused.
  [[nodiscard]] std::uint64_t submit(std::vector<std::string> words) const;
  [[nodiscard]] std::string state_of(std::uint64_t job) const;
  // Whether the job comes to that state in time.
  [[nodiscard]] bool reaches(std::uint64_t job, const std::string& state) const;

  // Writes an executable script into `work`; gives its path.
  std::string script(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;  // of `work`
  [[nodiscard]] bool has(const std::string& name) const;
  [[nodiscard]] std::string state_folder() const { return (folder_ / "state").string(); }
  [[nodiscard]] std::string work_folder() const { return (folder_ / "work").string(); }

  // From scheduler.pid and agents/NAME.pid; 0 where there is none.
  [[nodiscard]] pid_t scheduler_pid() const;
  [[nodiscard]] pid_t agent_pid(const std::string& node) const;

 private:
  [[nodiscard]] ProgramCall call_of(std::vector<std::string> words) const;
  [[nodiscard]] ProgramResult first_up() const;
  void write_config() const;
  void let_users_in() const;
  [[nodiscard]] std::string home_of(const std::string& user) const {
    return work_folder() + "/home-" + user;
  }

  const ClusterOptions options_;
  TempFolder folder_;
};

}  // namespace usine::test
