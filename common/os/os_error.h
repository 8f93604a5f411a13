// An Error from errno, with what was tried in front. Any thread.
#pragma once

#include <cerrno>
#include <cstring>
#include <string>

#include "common/result.h"

namespace usine::os {

// "opening /x: Permission denied". ENOENT is kNotFound and EACCES kPermission; the rest is kIo.
[[nodiscard]] inline Error os_error(const std::string& what, int number = errno) {
  ErrorCode code = ErrorCode::kIo;
  if (number == ENOENT) code = ErrorCode::kNotFound;
  if (number == EACCES || number == EPERM) code = ErrorCode::kPermission;
  return Error{code, what + ": " + std::strerror(number)};
}

}  // namespace usine::os
