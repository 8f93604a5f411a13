#include "scheduler/daemon/explain_call.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/convert_model.h"
#include "scheduler/daemon/group_views.h"
#include "scheduler/daemon/views.h"
#include "scheduler/policy/eligibility.h"
#include "scheduler/policy/explain.h"
#include "scheduler/policy/what_if.h"

namespace usine::daemon {
namespace {

constexpr std::size_t kAheadShownMax = 5;

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

proto::Holder to_proto(const State& state, const Holder& holder) {
  const Job& job = *state.find_job(holder.job);
  proto::Holder message;
  message.set_job(holder.job.value);
  message.set_user(job.request->user);
  message.set_project(job.request->project);
  message.set_nodes(holder.nodes);
  message.set_gpus(holder.gpus);
  message.set_cores(holder.cores);
  message.set_ends_ms(to_ms(job.attempt->started.value_or(job.attempt->placed) + job.limit()));
  return message;
}

proto::NodeCensus to_proto(const NodeCensus& census) {
  proto::NodeCensus message;
  message.set_asked(census.asked);
  message.set_partition_nodes(census.partition_nodes);
  message.set_free(static_cast<std::uint32_t>(census.free.size()));
  for (std::size_t i = 0; i < kNodeRules; ++i) {
    const auto rule = static_cast<NodeRule>(i);
    const std::uint32_t nodes = census.failing(rule);
    if (nodes == 0) continue;
    proto::NodeCensus::Failed& failed = *message.add_failed();
    failed.set_rule(std::string(to_string(rule)));
    failed.set_nodes(nodes);
  }
  return message;
}

// Returns the jobs that go first of those ahead.
std::vector<JobId> add_explanation(const View& view, const Job& job, proto::Explanation& message) {
  std::optional<Reason> found;
  const auto known = view.findings.reasons.find(job.id);
  if (known != view.findings.reasons.end()) found = known->second;
  Explanation explanation = explain(view.state, job, found, view.now);
  for (const BlockingRule& rule : explanation.rules) {
    proto::BlockingRule& added = *message.add_rules();
    *added.mutable_reason() = usine::to_proto(rule.reason);
    for (const Holder& holder : rule.holders) {
      *added.add_holders() = to_proto(view.state, holder);
    }
  }
  for (const NodeCensus& census : explanation.components) {
    *message.add_components() = to_proto(census);
  }
  add_rank(view.state, job, message);
  message.set_ahead(explanation.place.ahead);
  message.set_waiting(explanation.place.waiting);
  const auto& next = explanation.place.next_to_start;
  for (std::size_t i = 0; i < std::min(next.size(), kAheadShownMax); ++i) {
    message.add_next_to_start(next[i].value);
  }
  return std::move(explanation.place.next_to_start);
}

void add_trials(const WhatIf& found, proto::Explanation& message) {
  message.set_tried(true);
  if (found.start && !message.summary().has_estimated_start_ms()) {
    message.mutable_summary()->set_estimated_start_ms(to_ms(*found.start));
  }
  for (const Change& change : found.changes) {
    proto::Change& added = *message.add_changes();
    added.set_option(change.option);
    added.set_start_ms(to_ms(change.start));
    added.set_resubmit(change.resubmit);
  }
}

struct Answer {
  proto::Explanation message;
  Responder<proto::Explanation> respond;
};

// What is still to be tried for an answer.
struct Trials {
  std::shared_ptr<Answer> answer;
  JobId job;
  std::vector<JobId> ahead;
  Time now;
};

// The forecaster's replica may be ahead of the reader's by now.
void try_changes(const State& state, Trials trials) {
  const Job* const job = state.find_job(trials.job);
  const bool waits = job != nullptr && job->state == JobState::kPending;
  if (!waits || not_eligible(state, *job, trials.now)) return;
  std::erase_if(trials.ahead, [&state](JobId other) {
    const Job* const known = state.find_job(other);
    return known == nullptr || known->state != JobState::kPending;
  });
  const State trial = trial_state(state, *job, trials.ahead);
  add_trials(what_if(trial, trials.job, trials.now), trials.answer->message);
}

}  // namespace

void explain_job(const View& view, const proto::ExplainRequest& request, Forecaster& forecaster,
                 Responder<proto::Explanation> respond) {
  const Result<const Job*> found = find_job(view, JobId{request.job()});
  if (!found) {
    respond(fail(found.error()));
    return;
  }
  const Job& job = **found;
  auto answer = std::make_shared<Answer>(Answer{{}, std::move(respond)});
  answer->message.set_as_of_ms(to_ms(view.now));
  *answer->message.mutable_summary() = summary_of(view, job);
  const bool waits = job.state == JobState::kPending;
  std::vector<JobId> ahead;
  if (waits) ahead = add_explanation(view, job, answer->message);
  if (waits && !request.without_changes() && !not_eligible(view.state, job, view.now)) {
    Trials trials{answer, job.id, std::move(ahead), view.now};
    const bool taken = forecaster.take([trials = std::move(trials)](const State& state) mutable {
      const std::shared_ptr<Answer> told = trials.answer;
      try_changes(state, std::move(trials));
      told->respond(std::move(told->message));
    });
    if (taken) return;
  }
  answer->respond(std::move(answer->message));
}

}  // namespace usine::daemon
