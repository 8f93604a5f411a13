#include "scheduler/daemon/explain_call.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/convert_model.h"
#include "scheduler/daemon/group_views.h"
#include "scheduler/daemon/privacy.h"
#include "scheduler/daemon/views.h"
#include "scheduler/policy/eligibility.h"
#include "scheduler/policy/explain.h"
#include "scheduler/policy/what_if.h"

namespace usine::daemon {
namespace {

constexpr std::size_t kAheadShownMax = 5;

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

proto::Holder to_proto(const Asked& asked, const Holder& holder) {
  const Job& job = *asked.view.state.find_job(holder.job);
  proto::Holder message;
  message.set_job(holder.job.value);
  if (may_see_job(asked.view.state, asked.caller, job)) {
    message.set_user(job.request->user);
    message.set_project(job.request->project);
  }
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

// Returns the nodes that could hold the share of its only component now.
std::uint32_t add_explanation(const Asked& asked, const Job& job, proto::Explanation& message) {
  const View& view = asked.view;
  std::optional<Reason> found;
  const auto known = view.findings.reasons.find(job.id);
  if (known != view.findings.reasons.end()) found = known->second;
  const Explanation explanation = explain(view.state, job, found, view.now);
  for (const BlockingRule& rule : explanation.rules) {
    proto::BlockingRule& added = *message.add_rules();
    *added.mutable_reason() = usine::to_proto(rule.reason);
    for (const Holder& holder : rule.holders) {
      *added.add_holders() = to_proto(asked, holder);
    }
  }
  for (const NodeCensus& census : explanation.components) {
    *message.add_components() = to_proto(census);
  }
  add_rank(view.state, job, message);
  const OrderPlace place = view.order.place_of(view.state, job, view.now, kAheadShownMax);
  message.set_ahead(place.ahead);
  message.set_waiting(place.waiting);
  for (const JobId ahead : place.next_to_start) message.add_next_to_start(ahead.value);
  return static_cast<std::uint32_t>(explanation.components.front().free.size());
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

}  // namespace

void explain_job(const Asked& asked, const proto::ExplainRequest& request, Trials& trials,
                 Responder<proto::Explanation> respond) {
  const View& view = asked.view;
  const Result<const Job*> found = find_job(view, JobId{request.job()});
  if (!found) {
    respond(fail(found.error()));
    return;
  }
  const Job& job = **found;
  if (const Status may = check_sight(view.state, asked.caller, job); !may) {
    respond(fail(may.error()));
    return;
  }
  auto answer = std::make_shared<Answer>(Answer{{}, std::move(respond)});
  answer->message.set_as_of_ms(to_ms(view.now));
  *answer->message.mutable_summary() = summary_of(view, job);
  const bool waits = job.state == JobState::kPending;
  const std::uint32_t free_nodes = waits ? add_explanation(asked, job, answer->message) : 0;
  // An array is one object of many jobs: what helps one task may not help the next.
  const bool may_vary = waits && !job.request->array && !not_eligible(view.state, job, view.now);
  if (may_vary && !request.without_changes()) {
    auto work = [answer, job, free_nodes, now = view.now,
                 config = view.state.config](Outlook& outlook) {
      // Partitions and classes of service are numbers in the job.
      const bool comparable = outlook.state().config == config;
      if (comparable) add_trials(what_if(outlook, job, free_nodes, now), answer->message);
      answer->respond(std::move(answer->message));
    };
    const bool taken = trials.take(job.id, std::move(work));
    if (taken) return;
  }
  answer->respond(std::move(answer->message));
}

}  // namespace usine::daemon
