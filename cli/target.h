// Which cluster a command is for: its scheduler's address and what proves us to it. Found anew by
// each command; nothing is kept.
#pragma once

#include <optional>
#include <string>

#include "common/result.h"

namespace usine::cli {

// As given on the command line.
struct TargetOptions {
  std::optional<std::string> state;
  std::optional<std::string> config;
  std::optional<std::string> scheduler;  // host:port
};

// Where a cluster's users prove themselves by MUNGE.
struct MungeTarget {
  std::string cluster;  // its name, for which credentials are made
  std::string socket;   // munged's on this machine; empty: where its library looks by itself
};

struct Target {
  std::string address;     // host:port
  std::string credential;  // "user:token"; empty: `munge` proves us
  std::string remedy;      // what to do where nobody answers there
  std::optional<MungeTarget> munge{};
  std::string authority{};  // certificate of the CA by which we know the scheduler; empty: no TLS
};

// --state, else USINE_STATE, else ~/.local/state/usine; absolute.
[[nodiscard]] Result<std::string> state_folder(const std::optional<std::string>& given);

// Options come first, then USINE_STATE, USINE_CONFIG, and the default folder. USINE_TOKEN_FILE
// names a file whose token proves us instead of what the cluster file says (service users). Errors:
// kUnavailable where no scheduler is known to run there, kPermission where the token is not ours to
// read.
[[nodiscard]] Result<Target> find_target(const TargetOptions& options);

}  // namespace usine::cli
