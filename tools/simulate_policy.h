// A policy for `usine simulate`: one of the catalogue (sim/policies.h) by its name, or a YAML file
// that starts from one of them and changes what it says:
//   policy: mine
//   like: usine
//   protected_jobs: 100      # or all
//   length_doubling_s: 3600  # by how much a job goes later each time that its length doubles
//   length_weight: 0.5       # by how much of its length a job goes later
//   length_max_s: 43200      # of which no more than this counts
//   length_learned: false    # the length is the time limit, whatever earlier runs took
//   per_gpu_s: 60            # head start for each GPU
#pragma once

#include <string>

#include "common/result.h"
#include "sim/policies.h"

namespace usine::tools {

// Errors: kNotFound, kIo, kInvalid with file, line and key.
[[nodiscard]] Result<sim::ReplayPolicy> read_policy(const std::string& name_or_path);

}  // namespace usine::tools
