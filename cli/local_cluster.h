// A cluster on this machine as its state folder shows it: which of its processes run, starting
// those that do not, and ending them all. Processes are known by recorded pid and by their command
// line, which names the folder; never by a program's name alone. Used by the main thread.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "common/result.h"

namespace usine::cli {

struct LocalProgram {
  std::string name;     // "scheduler", or the node's name
  std::string program;  // "usine-scheduler", found beside this program
  std::string pid_file;
  std::string log_file;
  std::string own_folder;  // an argument of its command line that no other cluster has
  std::vector<std::string> arguments;
  bool writes_pid = false;  // the program writes its pid file itself
};

class LocalCluster {
 public:
  explicit LocalCluster(std::string folder) : folder_(std::move(folder)) {}

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string config_file() const { return folder_ + "/cluster.yaml"; }
  [[nodiscard]] std::string address_file() const { return folder_ + "/scheduler.address"; }

  [[nodiscard]] LocalProgram scheduler() const;
  // `shape` is what makes the agent an emulated node: "--like", its machine, and so on.
  [[nodiscard]] LocalProgram agent(const std::string& node, const std::string& scheduler_address,
                                   const std::vector<std::string>& shape) const;
  // Of nodes that have a pid file, by name: for ending them.
  [[nodiscard]] std::vector<LocalProgram> recorded_agents() const;
  // Shepherds of any job of this cluster.
  [[nodiscard]] std::vector<pid_t> shepherds() const;
  // Agents and schedulers of this cluster that run though no pid file names them.
  [[nodiscard]] std::vector<pid_t> strays() const;

  // Makes the folders, for their owner alone.
  [[nodiscard]] Status make_folders() const;

 private:
  [[nodiscard]] bool is_program_of_ours(const std::vector<std::string>& words) const;

  std::string folder_;
};

// The pid in the program's pid file, where that process lives and is that program.
[[nodiscard]] std::optional<pid_t> running_pid(const LocalProgram& program);

// False for a zombie too, which nobody may have waited for yet.
[[nodiscard]] bool is_alive(pid_t pid);

// Starts it in the background with its output going to its log; gives its pid.
[[nodiscard]] Result<pid_t> start(const LocalProgram& program);

// The last line of its log that is not empty, for a message on why it ended.
[[nodiscard]] std::string last_log_line(const LocalProgram& program);

// TERM, then KILL after a while. False where it was not running.
bool end(const LocalProgram& program);

// The same to processes; gives how many there were.
std::size_t end(const std::vector<pid_t>& processes);

// Ends every process of the jobs under these shepherds, and the shepherds; gives how many jobs.
std::size_t end_jobs(const std::vector<pid_t>& shepherds);

}  // namespace usine::cli
