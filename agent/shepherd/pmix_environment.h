// The environment that an MPI rank needs beside what PMIx gives it: Open MPI's settings for a rank
// that no mpirun started, and its place in the step. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace usine::shepherd {

struct MpiRank {
  std::uint32_t rank = 0;
  std::uint32_t world_size = 1;
  std::uint32_t local_rank = 0;
  std::uint32_t local_size = 1;
};

struct MpiNode {
  bool oversubscribed = false;       // more ranks than cores: waiting ranks give up the core
  std::string shared_memory_folder;  // for nodes that share a host and its name; empty: /dev/shm
  std::string network;               // interface or subnet for TCP, empty: Open MPI chooses
};

// "NAME=value" each, to be added to the rank's environment. A user's own mpirun works under it too.
[[nodiscard]] std::vector<std::string> open_mpi_environment(const MpiRank& rank,
                                                            const MpiNode& node);

}  // namespace usine::shepherd
