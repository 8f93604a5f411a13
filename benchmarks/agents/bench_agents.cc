// What a scheduler spends on agents that have nothing to do: N agent cores in this process, a
// connection each, beat as they are told. Prints rss_mib of the scheduler with all of them
// connected, heartbeat_core_share (of one core) and reconnect_s: from the moment when the scheduler
// that was killed serves again until each of them is welcomed, with reconnect_attempts.
#include <absl/synchronization/mutex.h>
#include <chrono>
#include <cstdio>
#include <string>

#include "benchmarks/agents/agent_fleet.h"
#include "benchmarks/common/program.h"
#include "benchmarks/scheduling/own_scheduler.h"
#include "common/os/processes.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kJoinTimeMax{5};
constexpr std::chrono::seconds kAway{10};

double seconds_since(steady_clock::time_point begin) {
  return std::chrono::duration<double>(steady_clock::now() - begin).count();
}

Result<Report> measure(std::size_t agents, std::size_t beat_s) {
  auto scheduler = OwnScheduler::start(static_cast<std::uint32_t>(agents));
  if (!scheduler) return fail(scheduler.error());
  auto plan = plan_for(**scheduler);
  if (!plan) return fail(plan.error());
  AgentFleet fleet(*std::move(plan));
  const auto all = [&] { return fleet.welcomed() == agents; };
  const auto too_few = [&] {
    return fail(ErrorCode::kUnavailable, std::to_string(fleet.welcomed()) + " of " +
                                             std::to_string(agents) + " agents were welcomed");
  };
  const auto begin = steady_clock::now();
  if (!fleet.live_until(all, kJoinTimeMax)) return too_few();
  const double join_s = seconds_since(begin);

  const auto used = (*scheduler)->cpu_time();
  const auto quiet = steady_clock::now();
  fleet.live_until([] { return false; }, std::chrono::seconds(beat_s));
  const double share = ((*scheduler)->cpu_time() - used).count() / seconds_since(quiet);
  const double rss_mib = (*scheduler)->rss_mib();

  // Away for so long that every agent waits the longest between two attempts.
  (*scheduler)->kill();
  fleet.live_until([] { return false; }, kAway);
  if (const Status again = (*scheduler)->revive(); !again) return fail(again.error());
  const auto revived = steady_clock::now();
  const std::size_t attempts_before = fleet.attempts();
  if (!fleet.live_until(all, kJoinTimeMax)) return too_few();

  Report report("bench-agents");
  report.setting("agents", static_cast<std::int64_t>(agents));
  report.setting("seconds", static_cast<std::int64_t>(beat_s));
  report.figure("rss_mib", rss_mib);
  report.figure("heartbeat_core_share", share);
  report.figure("join_s", join_s);
  report.figure("reconnect_s", seconds_since(revived));
  report.figure("reconnect_attempts", static_cast<double>(fleet.attempts() - attempts_before));
  return report;
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) {
  usine::os::raise_descriptors_max();
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as the daemons
  const auto measure = [](const usine::bench::Options& options) {
    return usine::bench::measure(static_cast<std::size_t>(options.counts.at("agents")),
                                 static_cast<std::size_t>(options.counts.at("seconds")));
  };
  return usine::bench::run_program(
      {.name = "bench-agents", .counts = {{"agents", 12'500}, {"seconds", 30}}, .measure = measure},
      argc, argv);
}
