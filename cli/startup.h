// Bringing a local cluster up: starts every program of it that is not running, and again one that
// was found running and has ended since, until all nodes can be reached. Owned by the main thread.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <sys/types.h>
#include <vector>

#include "cli/local_cluster.h"
#include "cli/terminal.h"
#include "common/result.h"
#include "config/cluster_file.h"

namespace usine::cli {

class Startup {
 public:
  // `agent_settings`: arguments of every agent, beside the shape of its node.
  Startup(const LocalCluster& cluster, const config::ClusterFile& file,
          const std::vector<std::string>& agent_settings)
      : cluster_(cluster), file_(file), agent_settings_(agent_settings) {}

  // Returns once all nodes are up. Error: kIo where a program that was started here has ended, with
  // the last line of its log, or where time is over.
  [[nodiscard]] Status run();

 private:
  // One look at everything; true once all is up.
  [[nodiscard]] Result<bool> turn();
  // Starts it where it is not running. Error: it was started here before and has ended.
  [[nodiscard]] Status ensure(const LocalProgram& program);
  [[nodiscard]] Status ensure_agents(const std::string& address);
  [[nodiscard]] Error too_late() const;

  const LocalCluster& cluster_;
  const config::ClusterFile& file_;
  const std::vector<std::string>& agent_settings_;
  std::map<std::string, pid_t> started_;  // by name of the program
  std::string stage_ = "starting the scheduler";
  Progress progress_;
};

}  // namespace usine::cli
