// Which of the submitting shell's variables a job gets, as --export says. Pure: the environment
// comes from the caller.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine {

// `spec` is "ALL", "NONE", or a list of NAME, NAME=VALUE, ALL. NAME=VALUE entries in, the chosen
// ones out, in their order, set ones at the end; PATH, HOME, USER, LOGNAME and SHELL are always
// among them. ALL leaves out variables that describe another job (USINE_JOB_ID and its kind).
// Error: kInvalid for an entry without a name.
[[nodiscard]] Result<std::vector<std::string>> exported_environment(
    std::string_view spec, std::span<const std::string> environment);

}  // namespace usine
