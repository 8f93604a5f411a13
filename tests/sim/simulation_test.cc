#include "sim/simulation.h"

#include <cstdint>
#include <random>

#include <doctest/doctest.h>

namespace usine::sim {
namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

// Runs `runs` seeds of which the first is by chance, so that every run of the tests looks
// elsewhere.
void run_seeds(SimulationOptions options, int runs) {
  options.seed = std::random_device{}();
  MESSAGE("first seed ", options.seed);
  for (int run = 0; run < runs; ++run, ++options.seed) {
    const SimulationOutcome outcome = simulate(options);
    CHECK(outcome.jobs == options.jobs);
    CHECK(outcome.plans_replayed > 0);  // a difference is among the breaches
    REQUIRE_MESSAGE(outcome.breaches.empty(), "usine-sim --story --seed "
                                                  << options.seed << " --nodes " << options.nodes
                                                  << " --jobs " << options.jobs << ":\n"
                                                  << joined(outcome.breaches));
  }
}

TEST_CASE("[B92] [B84] Through every fault accepted jobs exist and none runs twice and all end") {
  run_seeds({}, 100);
}

TEST_CASE("[B28] Gangs over most of the machine start whole or not at all through every fault") {
  run_seeds({.nodes = 3, .jobs = 40, .between_faults = Millis{20'000}}, 60);
}

TEST_CASE("[B94] Storms of faults on a single node lose no end and book none twice") {
  run_seeds({.nodes = 1, .jobs = 30, .length = Millis{1'200'000}, .between_faults = Millis{5'000}},
            40);
}

TEST_CASE("A run is the same twice and another one for another seed") {
  const SimulationOutcome first = simulate({.seed = 7});
  const SimulationOutcome again = simulate({.seed = 7});
  CHECK(first.digest == again.digest);
  CHECK(first.steps == again.steps);
  CHECK(first.story == again.story);
  CHECK(simulate({.seed = 8}).digest != first.digest);
}

TEST_CASE("The faults do happen") {
  const SimulationOutcome outcome = simulate({.seed = 3, .between_faults = Millis{10'000}});
  CHECK(outcome.crashes > 5);
  CHECK(outcome.attempts > outcome.jobs);
  const std::string story = joined(outcome.story);
  for (const char* const what : {"has no power", "is cut off", "agent is gone", "loses the"}) {
    CAPTURE(what);
    CHECK(story.find(what) != std::string::npos);
  }
}

}  // namespace
}  // namespace usine::sim
