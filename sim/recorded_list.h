// The list of the jobs that daemons ran, as a trace of anybody else's would have them, and how far
// the starts of its simulation are from those of the daemons. What processes, networks and disks
// took is in no list: it is measured from the record and bounds how far they may be apart. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "model/cluster.h"
#include "sim/recorded.h"
#include "sim/replay.h"
#include "sim/trace.h"

namespace usine::sim {

struct ListedJob {
  TraceJob job;
  Millis started{0};    // by the daemons, since the first submission
  Millis tolerance{0};  // how much later that may be than in a world without latencies
  // What its own latencies were: from the first event that its pass had to see to its start, and
  // from there to the news that its last node is free.
  Millis to_start{0};
  Millis to_end{0};
  bool compared = true;
};

struct RecordedList {
  std::shared_ptr<const ClusterConfig> cluster;  // as it was last configured
  std::vector<ListedJob> jobs;                   // that ran, in the order of their submission
  // Of them, not compared: put back and started again, or waiting for more than room (held, with a
  // begin time, dependencies or a reservation).
  std::uint64_t not_compared = 0;
  std::uint64_t left_out = 0;  // arrays and their tasks, and jobs that never ended
};

// Whether the simulation knows what the daemons took for each job: then they hold its share from
// the pass to the news of its end, and what is left apart comes from their order.
enum class Latencies : std::uint8_t { kLeftOut, kAsRecorded };

// A job's tolerance is the sum of what the daemons took for it and for a chain of jobs before it,
// each ended before the next was placed: from the first event that its pass had to see to its
// start, and from its end to the news of it; of all chains the largest. Errors: those of reading;
// kInvalid where no job ran.
[[nodiscard]] Result<RecordedList> list_of(const Recording& recording);

// Absolute differences of starts, by nearest rank.
struct Apart {
  Millis median{0};
  Millis p95{0};
  Millis max{0};
};

// The daemons' starts and those of a simulation of the list.
struct ListAgreement {
  std::uint64_t compared = 0;
  std::uint64_t inside = 0;  // of them, no further apart than the job's tolerance and the slack
  Apart apart;
  Millis mean_wait_recorded{0};  // from submission to start
  Millis mean_wait_simulated{0};
  Millis tolerance_median{0};
  Millis tolerance_max{0};
};

// Clocks are read at other moments than events happen.
inline constexpr Millis kAgreementSlack{100};

// When the jobs of the list start in its simulation, since the first submission and with their own
// latencies where those are known; none: it never started. Error: that of replay().
using ListStarts = std::vector<std::optional<Millis>>;
[[nodiscard]] Result<ListStarts> simulated_starts(const RecordedList& list, Latencies latencies);

[[nodiscard]] std::vector<TraceJob> trace_of(const RecordedList& list, Latencies latencies);
[[nodiscard]] ListAgreement agreement(const RecordedList& list, const ListStarts& starts);

// How far two simulations of the same list are apart, in the jobs that are compared: how much the
// order of starts hangs on milliseconds.
[[nodiscard]] Apart apart(const RecordedList& list, const ListStarts& one, const ListStarts& other);

}  // namespace usine::sim
