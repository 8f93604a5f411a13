// Where a batch job's output goes, as far as it is known. Pure functions.
#pragma once

#include <cstdint>
#include <string>

#include "model/request.h"
#include "proto/users.pb.h"

namespace usine::cli {

// Before the job is placed: what only its node knows stays as a pattern.
[[nodiscard]] std::string output_path(const JobRequest& request, std::uint64_t job);

// Of a job that was placed.
[[nodiscard]] std::string output_path(const proto::JobDetail& placed);

}  // namespace usine::cli
