// Time limits for a list of jobs that has none, as users set them: too long by a factor that is
// log-uniform from 1 to 10, then rounded up to one of the values that people write. That limits
// are far above run times, and that a few round values make up nearly all of them, is in every log
// that has them: Tsafrir, Etsion, Feitelson, "Modeling user runtime estimates", JSSPP 2005. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace.h"

namespace usine::sim {

inline constexpr double kOverestimateMax = 10;

// Gives a limit to each job that has a run time and none; how many those were. Equal seeds give
// equal limits.
std::size_t guess_limits(std::vector<TraceJob>& trace, std::uint64_t seed);

// The smallest of the usual values that is no less than `least`: 5 minutes to 30 days, beyond that
// whole 30 days.
[[nodiscard]] Seconds usual_limit(Seconds least);

}  // namespace usine::sim
