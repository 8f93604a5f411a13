// CHECK: ends the process when the program itself is wrong. It stays on in release builds and is
// never fed by input from outside: bad input is an Error (result.h).
#pragma once

#include <cstdio>
#include <cstdlib>

namespace usine {

[[noreturn]] inline void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "usine: internal error: %s is false at %s:%d\n", condition, file, line);
  std::abort();
}

}  // namespace usine

#define CHECK_THAT(condition) \
  ((condition) ? static_cast<void>(0) : ::usine::check_failed(#condition, __FILE__, __LINE__))
