// Which waiting job goes first. Every factor is a head start in time:
//
//   rank = eligible since + length doubling x log2(length in minutes) + length weight x length
//        - (--priority + size + project's share + QOS + partition)       all in milliseconds
//
// and the lowest rank goes first. A job ages by the time since it became eligible (B21), and all
// eligible jobs age alike: of two of them the difference of the ranks, and so their order, never
// changes as time goes by, and a queue in this order is never sorted anew. Ties go by submission,
// then id, which hold and release do not change (B64). Pure.
//
// A job's length is what runs of its script have taken (core/run_times.h), as known when it began
// to wait, else its time limit; of either counts no more than PrioritySettings::length_max. By the
// logarithm, short jobs go well before those of hours, and among long ones the order is nearly that
// of submission: nobody waits for all that is shorter.
#pragma once

#include <compare>
#include <cstdint>

#include "common/ids.h"
#include "common/time.h"
#include "model/cluster.h"
#include "scheduler/core/state.h"

namespace usine {

struct RankKey {
  std::int64_t rank_ms = 0;
  Time submitted{};
  JobId job;

  friend auto operator<=>(const RankKey&, const RankKey&) = default;
};

// What a job's rank is made of; all but `since` and `length` are taken off.
struct RankFactors {
  Time since{};        // when it became eligible; while it is not: when it was submitted
  Millis length{0};    // by which its length sets it back
  Millis priority{0};  // --priority, below zero for a job that is to go later
  Millis size{0};      // of its GPUs
  Millis share{0};     // of its project
  Millis qos{0};
  Millis partition{0};

  bool expedited = false;  // goes before all others that are not (B42)

  [[nodiscard]] std::int64_t rank_ms() const;
  friend bool operator==(const RankFactors&, const RankFactors&) = default;
};

// Constant for a job as long as its eligibility, its time limit and the configuration are.
[[nodiscard]] RankFactors rank_factors(const Job& job, const ClusterConfig& config);
[[nodiscard]] RankKey rank_of(const Job& job, const ClusterConfig& config);
// As if nothing were known of its length but its time limit.
[[nodiscard]] RankKey rank_by_limit(const Job& job, const ClusterConfig& config);

}  // namespace usine
