// Who makes a call, as the authenticated edge found it; the core decides rights by it.
#pragma once

#include <cstdint>
#include <string>

namespace usine {

struct Caller {
  std::string user;
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  bool is_operator = false;

  friend bool operator==(const Caller&, const Caller&) = default;
};

template <typename A>
void fields(A& a, Caller& v) {
  a(v.user, v.uid, v.gid, v.is_operator);
}

}  // namespace usine
