// What a submission is filed under: partition, project and QOS, named or by default, and whether
// its user may use them (B7). Pure.
#pragma once

#include <memory>

#include "common/result.h"
#include "model/caller.h"
#include "model/request.h"
#include "scheduler/core/state.h"

namespace usine {

struct Filing {
  PartitionId partition;
  QosId qos;
  std::shared_ptr<const JobRequest> request;  // as asked, with its project and QOS named
};

// Errors: kNotFound for a name that is none of this cluster's, kPermission for one that is not for
// this user; both list what the user may use.
[[nodiscard]] Result<Filing> file_request(const State& state, const Caller& caller,
                                          std::shared_ptr<const JobRequest> request);

// Whether one job of this size is within every bound on a job, and could ever start under the
// limits on what runs at once. Error: kRefused, naming the limit.
[[nodiscard]] Status check_size(State& state, const Filing& filing);

// The name of the only QOS where the configuration lists none.
inline constexpr char kOnlyQos[] = "normal";

}  // namespace usine
