// Control groups as folders, as far as those need it who only clean up: the kernel makes the files
// in them and takes them along. Any thread.
#pragma once

#include <string>
#include <vector>

namespace usine::os {

// The groups directly below, by path.
[[nodiscard]] std::vector<std::string> groups_below(const std::string& path);

// With the groups below it; false while a process is left in one of them.
bool remove_group(const std::string& path);

}  // namespace usine::os
