// EASY backfill as it stands in the paper that it comes from (Lifka, "The ANL/IBM SP scheduling
// system", JSSPP 1995), small and slow: jobs in the order of submission; the first that does not
// fit gets a shadow time, and others may start beside it that end before it or use what it leaves.
// Counts processors and knows nothing of places. For tests only.
#pragma once

#include <cstdint>
#include <vector>

#include "common/time.h"

namespace usine::sim {

struct ReferenceJob {
  Millis submit{0};
  Millis run{0};  // no longer than its limit
  Millis limit{0};
  std::uint32_t processors = 1;
};

// When each of the jobs starts, by place; jobs are ascending by submission and none asks for more
// than the machine has. `slack`: added to every limit, what the scheduler allows a job to end.
[[nodiscard]] std::vector<Millis> reference_easy(const std::vector<ReferenceJob>& jobs,
                                                 std::uint32_t processors, Millis slack);

}  // namespace usine::sim
