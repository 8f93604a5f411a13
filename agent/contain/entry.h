// How a new process comes to be in its job's groups. Descriptors belong to the JobGroup that gave
// them out, and are used once, by spawn().
#pragma once

#include <vector>

namespace usine::contain {

struct Entry {
  int group = -1;            // folder of a v2 group: the process is made inside it
  std::vector<int> tasks{};  // `tasks` of v1 groups: the process writes itself into each
  int mounts = -1;           // mount namespace that it goes to
};

}  // namespace usine::contain
