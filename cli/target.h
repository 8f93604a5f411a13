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

struct Target {
  std::string address;     // host:port
  std::string credential;  // "user:token"
  std::string remedy;      // what to do where nobody answers there
};

// --state, else USINE_STATE, else ~/.local/state/usine; absolute.
[[nodiscard]] Result<std::string> state_folder(const std::optional<std::string>& given);

// Options come first, then USINE_STATE, USINE_CONFIG, and the default folder. Errors: kUnavailable
// where no scheduler is known to run there, kPermission where the token is not ours to read.
[[nodiscard]] Result<Target> find_target(const TargetOptions& options);

}  // namespace usine::cli
