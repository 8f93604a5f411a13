// The configuration file of a cluster: YAML that people write, read as a whole into the values the
// core works with. Every mistake in it is reported with file, line and key; a file with one mistake
// is not used at all. Called at start and on reload; nothing is kept between calls.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "config/identity_yaml.h"
#include "model/cluster.h"
#include "topology/discovery/problem.h"

namespace usine::config {

using discovery::Problem;
using discovery::Problems;

// Where the scheduler keeps its state and is reached. Paths are absolute, or as written where the
// file was read from memory.
struct ListenConfig {
  std::string state_folder;                    // journal, logs, pid files
  std::string listen_address = "127.0.0.1:0";  // host:port; port 0 lets the system choose
  std::string token_file;  // proves users to the scheduler; default STATE/token, none with MUNGE
  std::string agent_secret_file;  // proves agents to the scheduler; default STATE/agent.secret
  // Rows of the journal that are kept for replay beyond what recovery needs.
  std::uint64_t replay_rows = 1'000'000;
  IdentityConfig identity{};

  friend bool operator==(const ListenConfig&, const ListenConfig&) = default;
};

// What a class's shape was read from, so that an emulated agent can be given the same:
// usine::discovery::load_machine(machine), cut down to `gpus` GPUs where that is not kAllGpus.
struct MachineSource {
  static constexpr std::int64_t kAllGpus = -1;

  std::string machine;  // the name of a shipped machine, or the absolute path of a file
  std::int64_t gpus = kAllGpus;

  friend bool operator==(const MachineSource&, const MachineSource&) = default;
};

struct ClusterFile {
  ClusterConfig cluster;
  std::vector<MachineSource> machines;  // machines[i] is where cluster.classes[i] came from
  ListenConfig listen;

  friend bool operator==(const ClusterFile&, const ClusterFile&) = default;
};

// Reads and checks the whole file. Relative paths in it are relative to its folder, and the state
// folder defaults to that folder. The problems are in the order of their lines and never empty.
[[nodiscard]] std::expected<ClusterFile, Problems> load_cluster_file(const std::string& path);

// The same for text that did not come from a file; `name` stands for the file in messages.
[[nodiscard]] std::expected<ClusterFile, Problems> parse_cluster_file(std::string_view text,
                                                                      const std::string& name);

}  // namespace usine::config
