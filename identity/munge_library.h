// MUNGE's client library as a table of functions, found by name when it is loaded, so that nothing
// of ours needs it to build or to start. The declarations are the few that we call, written from
// the library's documentation; they are part of its stable binary interface (libmunge.so.2).
#pragma once

#include <memory>
#include <string>
#include <sys/types.h>

#include "common/result.h"

namespace usine::identity {

enum class MungeCode : int {
  kSuccess = 0,
  kSocket = 6,
  kBadCredential = 8,
  kBadVersion = 9,
  kBadCipher = 10,
  kBadMac = 11,
  kBadZip = 12,
  kBadRealm = 13,
  kInvalid = 14,  // made with another key, or changed on the way
  kExpired = 15,
  kRewound = 16,  // from the future
  kReplayed = 17,
  kUnauthorized = 18,
};

struct MungeContext;  // opaque

struct MungeFunctions {
  MungeCode (*encode)(char** credential, MungeContext*, const void* payload, int size) = nullptr;
  MungeCode (*decode)(const char* credential, MungeContext*, void** payload, int* size, uid_t*,
                      gid_t*) = nullptr;
  const char* (*error_text)(MungeCode) = nullptr;
  MungeContext* (*create)() = nullptr;
  void (*destroy)(MungeContext*) = nullptr;
  const char* (*context_error)(MungeContext*) = nullptr;
  MungeCode (*set)(MungeContext*, int option, ...) = nullptr;
};

inline constexpr int kMungeOptionSocket = 8;  // of `set`: a path

// Shared, closed with its last user.
class MungeLibrary {
 public:
  // Error: kUnavailable where there is no such library or it is another one, with what to install.
  [[nodiscard]] static Result<MungeLibrary> load(const std::string& name);

  [[nodiscard]] const MungeFunctions& call() const { return functions_; }

 private:
  std::shared_ptr<void> handle_;
  MungeFunctions functions_;
};

}  // namespace usine::identity
