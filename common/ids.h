// A strong type per id, so that a node never stands where a job is meant. Ids compare, hash and
// order; the order of ids breaks every tie in the core.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace usine {

template <typename Tag, typename Rep>
struct Id {
  Rep value = 0;

  friend constexpr auto operator<=>(const Id&, const Id&) = default;
};

using JobId = Id<struct JobTag, std::uint64_t>;             // never reused; 0 is no job
using NodeId = Id<struct NodeTag, std::uint32_t>;           // index in State::nodes
using PartitionId = Id<struct PartitionTag, std::uint32_t>; // index in State::partitions
using QosId = Id<struct QosTag, std::uint32_t>;             // index in ClusterConfig::qos
using DomainId = Id<struct DomainTag, std::uint32_t>;       // index in Fabric::domains
using AttemptNumber = Id<struct AttemptTag, std::uint32_t>; // 1 for the first start of a job
using StepId = Id<struct StepTag, std::uint32_t>;           // within a job's attempt, from 0
using Epoch = Id<struct EpochTag, std::uint64_t>;           // one per scheduler start on a store
using Sequence = Id<struct SequenceTag, std::uint64_t>;     // one per journalled command; 0 is none

// One start of one job: what agents act on, and what a late report is held against.
struct AttemptKey {
  JobId job;
  AttemptNumber attempt;

  friend constexpr auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

template <typename A>
void fields(A& a, AttemptKey& v) {
  a(v.job, v.attempt);
}

}  // namespace usine

template <typename Tag, typename Rep>
struct std::hash<usine::Id<Tag, Rep>> {
  std::size_t operator()(usine::Id<Tag, Rep> id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
