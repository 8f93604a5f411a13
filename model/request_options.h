// From uses of options to a request: layers override each other, what is not honoured is refused or
// warned about by name, and the counts become one component. Pure; the command line and whoever
// else speaks Slurm's dialect call it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/begin_time.h"
#include "model/option_words.h"
#include "model/request.h"

namespace usine {

// What options say beside the request itself.
struct ResolvedOptions {
  JobRequest request;               // without user, script and environment, which are the caller's
  std::string exported = "ALL";     // --export, for exported_environment()
  std::optional<std::string> wrap;  // --wrap
  // NAME=VALUE for the job's environment, by which its steps take --distribution, --cpu-bind and
  // --gpu-bind where they say nothing, as Slurm has them.
  std::vector<std::string> step_variables;
  bool test_only = false;
  bool wait = false;
  bool parsable = false;
  std::vector<std::string> warnings;  // one line each, with the place where there is one
  std::vector<OptionUse> client;      // OptionTreatment::kClient, for the command itself
};

// The last use of an option in the highest layer counts. Options that say the same thing in
// different ways (GPUs a node or a task, memory by node or by core) replace each other between
// layers and must agree within one. Errors, with the place: kInvalid for a value that cannot be
// read or contradicts another, kRefused for an option that is known and not honoured.
// Parts after the first say what nodes they want and nothing else: the job is directed by the
// first, in which other options stand.
[[nodiscard]] Result<ResolvedOptions> resolve_options(std::span<const OptionUse> uses,
                                                      const LocalClock& clock);

}  // namespace usine
