#include "cli/user.h"

#include <array>
#include <cstdlib>
#include <pwd.h>
#include <unistd.h>

namespace usine::cli {

User current_user() {
  constexpr std::size_t kEntryBytes = 16384;
  User user{std::to_string(::geteuid()), "", ::geteuid(), ::getegid()};
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kEntryBytes> buffer{};
  ::getpwuid_r(user.uid, &entry, buffer.data(), buffer.size(), &found);
  if (found != nullptr) {
    user.name = entry.pw_name;
    user.home = entry.pw_dir;
  }
  if (const char* const home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    user.home = home;
  }
  return user;
}

}  // namespace usine::cli
