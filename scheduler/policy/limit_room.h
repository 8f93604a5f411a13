// How long a running job could keep its nodes without delaying a start that is promised to another
// (B46). Pure.
#pragma once

#include <optional>
#include <span>

#include "common/time.h"
#include "scheduler/core/state.h"
#include "scheduler/policy/promise.h"

namespace usine {

// The earliest promised start that counts on nodes that the job leaves by its limit; none where no
// promise does. Promises that begin before that share the nodes with the job as it is.
[[nodiscard]] std::optional<Time> room_until(std::span<const Promise> promises, const Job& job,
                                             const ClusterConfig& config);

}  // namespace usine
