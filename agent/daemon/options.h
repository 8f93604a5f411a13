// What the agent is told on its command line. Read once by main.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "agent/core/site_script.h"
#include "common/result.h"

namespace usine::agent {

struct AgentOptions {
  std::string scheduler;     // host:port
  std::string node;          // name in the cluster's configuration
  std::string state_folder;  // job folders and what the agent remembers
  std::string run_folder;   // in memory, for what jobs need while they run; empty: the state folder
  std::string secret_file;  // proves the agent to the scheduler, where there is no TLS
  std::string tls_folder;   // its certificate and key; empty: no TLS
  std::string like;  // emulated node: a shipped machine's name or a file; empty: this machine
  std::optional<std::uint32_t> gpus;      // emulated node: only that many of its GPUs
  std::string listen_host = "127.0.0.1";  // address that shepherds listen on for their peers
  std::string shepherd;                   // the shepherd's program
  std::string containment = "auto";       // "auto", "required" or "none"
  std::string private_folders = "auto";   // "auto", "yes", "memory" or "no"
  std::string cgroup_root;  // below each hierarchy's mount point; empty: the agent's own groups
  std::uint32_t tree_width = 32;             // lines from one shepherd to others in a step
  std::uint64_t processes_max = 0;           // of a job; 0: in proportion to its cores
  std::vector<std::string> allowed_devices;  // paths, beside what every job may use
  ScriptFile prolog;                         // of the site, around each job
  ScriptFile epilog;
  std::string help;  // not empty: print it, and do nothing else
};

// Errors: kInvalid, one line that says what to write instead.
[[nodiscard]] Result<AgentOptions> parse_options(int argc, const char* const* argv);

}  // namespace usine::agent
