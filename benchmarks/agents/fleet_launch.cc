#include "benchmarks/agents/fleet_launch.h"

#include <absl/synchronization/mutex.h>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "benchmarks/agents/agent_fleet.h"
#include "benchmarks/scheduling/own_scheduler.h"
#include "common/os/processes.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::minutes kJoinTimeMax{5};
constexpr std::chrono::seconds kJobTimeMax{60};

proto::SubmitRequest gang_of(std::size_t nodes) {
  proto::SubmitRequest request = typical_submission();
  proto::Component& part = *request.mutable_request()->mutable_components(0);
  part.set_nodes(static_cast<std::uint32_t>(nodes));
  part.set_tasks(static_cast<std::uint32_t>(nodes));
  return request;
}

// The fleet lives on this thread while another one submits, and until no node has the job any more.
Result<double> start_one(AgentFleet& fleet, cli::Client& client, std::size_t nodes,
                         std::optional<steady_clock::time_point>& started) {
  const proto::SubmitRequest request = gang_of(nodes);
  started.reset();
  Status submitted;
  steady_clock::time_point begin;
  bool over = false;
  {
    const std::jthread submitter([&] {
      begin = steady_clock::now();
      if (const auto reply = client.submit(request); !reply) submitted = fail(reply.error());
    });
    over = fleet.live_until([&] { return started && fleet.jobs_in_hand() == 0; }, kJobTimeMax);
  }
  if (!submitted) return fail(submitted.error());
  if (!over) return fail(ErrorCode::kUnavailable, "a job did not start, or did not end");
  return std::chrono::duration<double, std::milli>(*started - begin).count();
}

}  // namespace

Result<std::vector<double>> measure_fleet_starts(std::size_t nodes, std::size_t jobs) {
  os::raise_descriptors_max();
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);  // as the daemons
  auto scheduler = OwnScheduler::start(static_cast<std::uint32_t>(nodes));
  if (!scheduler) return fail(scheduler.error());
  auto client = (*scheduler)->connect();
  if (!client) return fail(client.error());
  auto plan = plan_for(**scheduler);
  if (!plan) return fail(plan.error());
  std::optional<steady_clock::time_point> started;
  plan->script_starts = [&started] { started = steady_clock::now(); };
  AgentFleet fleet(*std::move(plan));
  if (!fleet.live_until([&] { return fleet.welcomed() == nodes; }, kJoinTimeMax)) {
    return fail(ErrorCode::kUnavailable, "not all agents were welcomed");
  }
  std::vector<double> times_ms;
  while (times_ms.size() < jobs) {
    const auto time_ms = start_one(fleet, *client, nodes, started);
    if (!time_ms) return fail(time_ms.error());
    times_ms.push_back(*time_ms);
  }
  return times_ms;
}

}  // namespace usine::bench
