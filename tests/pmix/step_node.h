// One emulated node of a step under test, in a process of its own since PMIx starts once per
// process: a PMIx server, its ranks, and a link to the other node over which fences and modex
// answers travel as they do between shepherds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "agent/shepherd/pmix_server.h"

namespace usine::test {

struct NodePlan {
  shepherd::PmixStep step;
  std::string program;                   // what each rank runs
  std::vector<std::string> arguments;    // after the program's name
  std::vector<std::string> environment;  // "NAME=value", beside what a rank needs
  std::filesystem::path folder;          // the server's, private to this node
  int peer = -1;                         // a stream socket to the other node, -1 without one
};

// What a node's process exits with, so that a test sees across the process border how it went.
enum class NodeEnd : int {
  kRanksSucceeded = 0,
  kRankFailed = 1,
  kRankAborted = 2,  // MPI_Abort(7) arrived as an event, and the ranks were killed for it
  kServerFailed = 3,
  kTimedOut = 4,
  kLeftovers = 5,  // the server's end left descriptors behind
};

// Forks the node's process. Ranks write to the files "out.RANK" in the plan's folder.
[[nodiscard]] pid_t start_node(const NodePlan& plan);
[[nodiscard]] NodeEnd wait_for_node(pid_t node);

}  // namespace usine::test
