// What holds a job, as its specification says: read by its shepherd, and by whoever cleans up after
// a shepherd that is dead. Pure.
#pragma once

#include "agent/contain/holders.h"
#include "proto/shepherd.pb.h"

namespace usine::contain {

// The agent of that moment found it out: one that was started elsewhere later has groups of its own
// elsewhere. What is no version that we know holds nothing.
[[nodiscard]] Holders holders_in(const proto::SpecContainment& from);

}  // namespace usine::contain
