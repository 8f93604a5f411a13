// Who runs the command. Read when asked.
#pragma once

#include <cstdint>
#include <string>

namespace usine::cli {

struct User {
  std::string name;  // the number, where the system has no name for it (containers)
  std::string home;  // may be empty
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

[[nodiscard]] User current_user();

}  // namespace usine::cli
