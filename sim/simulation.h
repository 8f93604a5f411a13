// A whole cluster in virtual time: scheduler, nodes, network, users, and the faults that a seed
// chooses. It runs the libraries that the daemons run. The same options give the same run, digest
// and all; what a run must never show is in its outcome's breaches.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/time.h"

namespace usine::sim {

struct SimulationOptions {
  std::uint64_t seed = 1;
  std::uint32_t nodes = 6;
  std::uint32_t jobs = 40;
  Millis length{3'600'000};       // for which users submit and faults happen; the rest is quiet
  Millis between_faults{60'000};  // on average
};

struct SimulationOutcome {
  std::vector<std::string> breaches;  // empty: nothing went wrong
  std::string digest;                 // SHA-256 (hex) over the journal and the books
  std::uint64_t jobs = 0;             // that users were told are accepted
  std::uint64_t attempts = 0;         // in the books
  std::uint64_t crashes = 0;          // of the scheduler
  std::uint64_t rows = 0;             // of the journal
  std::uint64_t passes_replayed = 0;  // of the planner, from what was recorded
  std::uint64_t plans_replayed = 0;   // of them with proposals
  std::uint64_t steps = 0;            // things that happened
  Millis simulated{0};
  std::vector<std::string> story;  // what happened last (sim/story.h)
};

[[nodiscard]] SimulationOutcome simulate(const SimulationOptions& options);

}  // namespace usine::sim
