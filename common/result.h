// The one error type. A function that can fail for reasons outside the program returns Result<T>;
// context is added on the way up, and the edge prints the whole as one line.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace usine {

// What the caller may do about it; numbers are stable, since they travel in replies.
enum class ErrorCode : std::uint8_t {
  kInvalid = 1,      // the request is wrong: correct it
  kNotFound = 2,     // the thing named does not exist
  kRefused = 3,      // understood, and against a rule or a limit
  kPermission = 4,   // this caller may not
  kUnavailable = 5,  // out of reach or not ready: try again
  kIo = 6,           // the operating system or a disk failed
  kCorrupt = 7,      // stored data does not read back
  kConflict = 8,     // somebody else changed it first
};

[[nodiscard]] std::string_view to_string(ErrorCode code);

struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::kInvalid;
  std::string message;

  // The same error with `context` in front: "reading cluster.yaml: line 3: unknown key 'nods'".
  [[nodiscard]] Error within(std::string_view context) const;

  friend bool operator==(const Error&, const Error&) = default;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected(std::move(error));
}

}  // namespace usine
