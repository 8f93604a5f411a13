// A job as the shepherd on one of its nodes knows it: everything that decides what its processes
// see. Made from the JobSpec in the job folder; pure values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/request.h"

namespace usine::agent {

struct LaunchNode {
  std::string name;
  std::vector<std::uint32_t> pus;  // the system's numbers, those of one core beside each other
  std::uint32_t cores = 1;
  std::vector<std::uint32_t> gpus;  // indexes on the node
  std::vector<std::string> nics;
  std::int64_t memory_mib = 0;
  std::uint32_t component = 0;
  std::string leaf;
  // Where cores and GPUs lie, by their places in `pus` and `gpus`; known of the node that this is
  // on alone, and empty where nothing is known. Below 0: of no domain.
  std::vector<std::int32_t> core_packages{};
  std::vector<std::int32_t> core_numas{};
  std::vector<std::int32_t> gpu_numas{};

  friend bool operator==(const LaunchNode&, const LaunchNode&) = default;
};

struct LaunchComponent {
  std::uint32_t nodes = 1;
  std::uint32_t tasks_per_node = 1;
  std::uint32_t tasks = 1;
  std::uint32_t cores_per_task = 1;
  std::uint32_t gpus_per_node = 0;

  friend bool operator==(const LaunchComponent&, const LaunchComponent&) = default;
};

struct LaunchJob {
  AttemptKey key;
  std::string name;
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string project;
  std::string partition;
  std::string cluster;
  std::optional<ArrayPlace> array;
  std::vector<LaunchNode> nodes;  // in rank order; nodes[0] is the head
  std::uint32_t this_node = 0;
  std::vector<LaunchComponent> components;
  Seconds time_limit{3600};
  std::vector<std::string> environment;  // as submitted, "NAME=value" each
  std::vector<std::string> arguments;    // of the script
  std::string working_directory;
  std::string output;  // file pattern (launch_pattern.h); empty: the default of file_pattern.h
  std::string error;   // file pattern; empty: with output
  std::string input;   // file pattern; empty: /dev/null
  OpenMode open_mode = OpenMode::kTruncate;
  std::uint32_t umask = 022;
  std::vector<ResourceLimit> limits;
  bool emulated = false;  // the node's cores are not this machine's
  std::string folder;     // the job folder on this node
  std::string launcher;   // path of `usine` here, by which mpirun reaches the other nodes
  std::string network;    // the interface by which nodes meet; empty: whichever programs choose
  std::string temporary;  // its TMPDIR there

  [[nodiscard]] const LaunchNode& node() const { return nodes[this_node]; }
};

}  // namespace usine::agent
