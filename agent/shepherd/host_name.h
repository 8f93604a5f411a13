// An emulated node's own host name, so that programs that compare host names see several nodes
// where there is one machine. For a process with one thread, before it starts anything.
#pragma once

#include <string>

#include "common/result.h"

namespace usine::shepherd {

// Gives this process and all it starts a host name of their own (a UTS namespace; without the right
// to make one, inside a user namespace in which everybody stays who he is). Error: where the system
// allows neither.
[[nodiscard]] Status take_host_name(const std::string& name);

}  // namespace usine::shepherd
