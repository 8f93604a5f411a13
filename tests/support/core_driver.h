// Drives the core by hand: commands at a time that the test sets, every invariant checked after
// each of them, and a stand-in for agents that answers as well-behaved ones do.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "common/codec.h"
#include "scheduler/core/decide.h"
#include "scheduler/policy/planner.h"
#include "tests/support/cluster_builder.h"

namespace usine::test {

class CoreDriver {
 public:
  explicit CoreDriver(ClusterConfig config = cluster_of(4)) : planner_(State{}) {
    auto shared = std::make_shared<ClusterConfig>(std::move(config));
    must(Configure{"cluster-uuid", shared});
    must(StartEpoch{Epoch{1}});
  }

  // Decides, checks every invariant, and keeps the planner's replica up to date.
  Result<Reply> run(const Command& command) {
    Decision decision = decide(state, command, now);
    last_events = decision.events;
    if (!decision.events.empty()) {
      const Sequence sequence{state.sequence.value + 1};
      advance(state, sequence, now);
      planner_.apply_row(sequence, now, decision.events);
    }
    for (const std::string& fault : check_invariants(state)) FAIL_CHECK(fault);
    CHECK(digest(planner_.state()) == digest(state));
    return std::move(decision.reply);
  }

  Reply must(const Command& command) {
    Result<Reply> reply = run(command);
    REQUIRE_MESSAGE(reply.has_value(), (reply ? "" : reply.error().message));
    return *std::move(reply);
  }

  Error refused(const Command& command) {
    Result<Reply> reply = run(command);
    REQUIRE(!reply.has_value());
    return reply.error();
  }

  Admitted hello(const std::string& node, std::vector<AttemptKey> attempts = {},
                 std::shared_ptr<const NodeShape> shape = nullptr) {
    Hello message{node, "boot-1", "", std::move(shape), std::move(attempts)};
    return std::get<Admitted>(must(AgentHello{std::move(message)}));
  }

  void join_all() {
    for (const ConfiguredNode& node : state.config->nodes) hello(node.name);
  }

  JobId submit(JobRequest request) {
    Caller caller{request.user, 1000, 1000, request.user == "operator"};
    auto shared = std::make_shared<const JobRequest>(std::move(request));
    return std::get<Submitted>(must(SubmitJob{caller, shared, false})).job;
  }
  JobId submit(const Ask& ask) { return submit(request_for(ask)); }

  // One planning pass, committed.
  Plan plan() {
    Plan plan = planner_.plan(now);
    must(plan.proposals);
    return plan;
  }

  void prepared(JobId job, std::size_t index) {
    const Attempt& attempt = *state.find_job(job)->attempt;
    Prepared report{{job, attempt.number}, true, false, "", "127.0.0.1:1"};
    must(AgentPrepared{attempt.allocation.nodes.at(index).node, report});
  }
  void prepare_all(JobId job) {
    const std::size_t nodes = state.find_job(job)->attempt->nodes.size();
    for (std::size_t i = 0; i < nodes; ++i) prepared(job, i);
  }

  void ended(JobId job, std::size_t index, ExitStatus exit = {}) {
    const Attempt& attempt = *state.find_job(job)->attempt;
    Ended report{{job, attempt.number}, std::move(exit), Millis{5000}, 10};
    must(AgentEnded{attempt.allocation.nodes.at(index).node, report});
  }
  void end_all(JobId job, const ExitStatus& head = {}) {
    const std::size_t nodes = state.find_job(job)->attempt->nodes.size();
    for (std::size_t i = 0; i < nodes; ++i) {
      ended(job, i, i == 0 ? head : ExitStatus{EndCause::kStopped, 0, 15, ""});
    }
  }

  // Submits, plans and prepares: a job that runs.
  JobId running(const Ask& ask) {
    const JobId job = submit(ask);
    plan();
    prepare_all(job);
    REQUIRE(state.find_job(job)->state == JobState::kRunning);
    return job;
  }

  void pass(Millis time) {
    now += time;
    must(Tick{});
  }

  [[nodiscard]] JobState state_of(JobId job) const { return state.find_job(job)->state; }
  [[nodiscard]] const Job& job(JobId id) const { return *state.find_job(id); }
  [[nodiscard]] Planner& planner() { return planner_; }

  template <typename E>
  [[nodiscard]] std::size_t count_of() const {
    std::size_t count = 0;
    for (const Event& event : last_events) count += std::holds_alternative<E>(event) ? 1 : 0;
    return count;
  }

  static Caller user(const std::string& name) { return {name, 1000, 1000, name == "operator"}; }

  State state;
  Time now{Millis{1'700'000'000'000}};
  std::vector<Event> last_events;

 private:
  Planner planner_;
};

}  // namespace usine::test
