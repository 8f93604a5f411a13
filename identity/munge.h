// Credentials of MUNGE: what the local munged certifies of the process that asks it, for a munged
// with the same key to read. Each call to one waits for munged on this machine. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"
#include "identity/munge_library.h"

namespace usine::identity {

inline constexpr char kMungeLibrary[] = "libmunge.so.2";

class Munge {
 public:
  struct Options {
    std::string socket;  // munged's; empty: where the library looks by itself
    std::string library = kMungeLibrary;
  };

  // Who made a credential, and what for.
  struct Proven {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::string payload;
  };

  // Loads the library; munged is first asked by the calls below. Error: kUnavailable.
  [[nodiscard]] static Result<Munge> open(Options options);

  // A credential of this process's effective user and group, good for one reading.
  // Error: kIo where munged does not answer, with what to do.
  [[nodiscard]] Result<std::string> encode(std::string_view payload) const;

  // Errors: kPermission for a credential that is not good (expired, from the future, read before,
  // of another key, no credential at all), each with its own remedy; kUnavailable where munged does
  // not answer.
  [[nodiscard]] Result<Proven> decode(const std::string& credential) const;

 private:
  Munge(Options options, MungeLibrary library);

  Options options_;
  MungeLibrary library_;
};

}  // namespace usine::identity
