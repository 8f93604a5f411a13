// What `usine explain` says, as text for people and as JSON. Pure functions.
#pragma once

#include <string>

#include "cli/views.h"
#include "proto/users.pb.h"

namespace usine::cli {

// Lines, each ended.
[[nodiscard]] std::string explanation_text(const proto::Explanation& explanation);

[[nodiscard]] Json to_json(const proto::Explanation& explanation);

}  // namespace usine::cli
