// The version of what scheduler and agents say to each other. It goes up with the first release in
// which a message means something new; fields that may be left out do not count. The scheduler
// serves agents of its own version and of the one before, so that a cluster can be upgraded node by
// node, the scheduler first. Pure.
#pragma once

#include <cstdint>

#include "common/result.h"
#include "proto/agents.pb.h"

namespace usine {

inline constexpr std::uint32_t kProtocolVersion = 2;
inline constexpr std::uint32_t kProtocolVersionOldest = 1;  // whose agents do not say theirs

struct ProtocolVersions {
  std::uint32_t oldest = kProtocolVersionOldest;
  std::uint32_t newest = kProtocolVersion;
};

// Error: kRefused with the two versions and which side to upgrade.
[[nodiscard]] Status check_protocol(const proto::Hello& hello, ProtocolVersions served = {});

}  // namespace usine
