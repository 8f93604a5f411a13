#include "scheduler/daemon/views.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "proto/convert_model.h"
#include "scheduler/core/messages.h"
#include "scheduler/daemon/array_views.h"
#include "scheduler/daemon/group_views.h"
#include "scheduler/daemon/privacy.h"

namespace usine::daemon {
namespace {

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

const Allocation* placement_of(const Job& job) {
  if (job.attempt) return &job.attempt->allocation;
  return job.last_allocation ? &*job.last_allocation : nullptr;
}

// Estimates are some seconds old and promises are not: no range ends after a promised start, and
// nothing lies in the past.
void add_estimate(const View& view, const Job& job, proto::JobSummary& summary) {
  const auto promise = view.findings.estimates.find(job.id);
  const bool promised = promise != view.findings.estimates.end();
  const auto bound = [&](Time at) {
    return to_ms(std::max(promised ? std::min(at, promise->second) : at, view.now));
  };
  const Estimate* const one = view.findings.ahead ? view.findings.ahead->find(job.id) : nullptr;
  if (one != nullptr && job.hold == HoldKind::kNone) {
    summary.set_estimated_start_ms(bound(one->start));
    summary.set_estimated_earliest_ms(bound(one->earliest));
    summary.set_estimated_latest_ms(bound(one->latest));
  } else if (promised) {
    summary.set_estimated_start_ms(to_ms(promise->second));
  }
}

// Why it waits, as the newest pass found it; never nothing for a job that waits.
void add_reasons(const View& view, const Job& job, proto::JobSummary& summary) {
  if (job.state != JobState::kPending) return;
  const auto known = view.findings.reasons.find(job.id);
  const bool considered = known != view.findings.reasons.end();
  *summary.add_reasons() = to_proto(considered ? known->second : Reason{});
  add_estimate(view, job, summary);
}

void add_dependencies(const Job& job, proto::JobDetail& detail) {
  const auto& [wanted, statuses] = job.dependencies;
  detail.set_dependencies_any(wanted.any);
  for (std::size_t i = 0; i < statuses.size(); ++i) {
    proto::DependencyInfo& info = *detail.add_dependencies();
    info.set_text(to_string(wanted.items[i]));
    info.set_state(std::string(to_string(statuses[i].phase)));
    const bool known = statuses[i].phase == DependencyPhase::kMet && statuses[i].from != Time{};
    if (known) info.set_from_ms(to_ms(statuses[i].from));
  }
}

// What a job is started with may hold more than its user means to tell.
void hide_launch(proto::JobRequest& request) {
  request.clear_launch();
  request.clear_comment();
  request.clear_idempotency_key();
}

Result<std::set<JobState>> states_asked_for(const proto::ListJobsRequest& request) {
  std::set<JobState> states;
  for (const std::string& word : request.states()) {
    const std::optional<JobState> state = job_state_from(word);
    if (!state) return fail(ErrorCode::kInvalid, "'" + word + "' is not a state of a job");
    states.insert(*state);
  }
  return states;
}

bool is_asked_for(const proto::ListJobsRequest& request, const std::set<JobState>& states,
                  const Job& job) {
  if (states.empty() ? is_final(job.state) : !states.contains(job.state)) return false;
  if (!request.user().empty() && request.user() != job.request->user) return false;
  return request.project().empty() || request.project() == job.request->project;
}

std::string_view state_word(const Node& node) {
  if (node.link != NodeLink::kUp) return to_string(node.link);
  if (!node.drain) return "up";
  return node.jobs.empty() ? "drained" : "draining";
}

void add_shape(const State& state, NodeId id, proto::NodeInfo& info) {
  const Node& node = state.node(id);
  const NodeShape& shape = state.shape_of(id);
  info.set_cores(static_cast<std::uint32_t>(shape.cores.size()));
  info.set_cores_free(static_cast<std::uint32_t>(node.free_cores.count()));
  info.set_gpus(static_cast<std::uint32_t>(shape.present_gpus().count()));
  info.set_gpus_free(static_cast<std::uint32_t>(node.free_gpus.count()));
  info.set_memory_mib(shape.memory_mib());
  info.set_memory_free_mib(node.free_memory_mib);
  if (!shape.gpus.empty()) info.set_gpu_model(shape.gpus.front().model);
}

proto::NodeInfo node_info(const State& state, const Caller& caller, NodeId id) {
  const Node& node = state.node(id);
  const ConfiguredNode& configured = state.config->nodes[id.value];
  proto::NodeInfo info;
  info.set_name(configured.name);
  info.set_node_class(state.config->classes[configured.node_class].name);
  info.set_state(std::string(state_word(node)));
  if (node.drain) {
    info.set_drain_reason(node.drain->reason);
    info.set_drain_author(node.drain->author);
    info.set_drain_since_ms(to_ms(node.drain->since));
  }
  info.set_leaf(state.config->fabric.domains[configured.leaf.value].name);
  add_shape(state, id, info);
  for (const JobId job : node.jobs) {
    if (may_see_job(state, caller, *state.find_job(job))) info.add_jobs(job.value);
  }
  for (const std::string& feature : configured.features) info.add_features(feature);
  for (const Partition& partition : state.config->partitions) {
    if (std::ranges::binary_search(partition.nodes, id)) info.add_partitions(partition.name);
  }
  return info;
}

bool is_up(const State& state, NodeId id) { return state.node(id).link == NodeLink::kUp; }

void count_jobs(const State& state, proto::ClusterInfo& info) {
  std::uint64_t waiting = 0;
  std::uint64_t running = 0;
  for (const auto& [id, job] : state.jobs) {
    if (job.state == JobState::kPending) ++waiting;
    if (job.attempt) ++running;
  }
  info.set_jobs_waiting(waiting);
  info.set_jobs_running(running);
}

}  // namespace

proto::PartitionInfo partition_info(const State& state, const Partition& partition) {
  const auto up =
      std::ranges::count_if(partition.nodes, [&state](NodeId id) { return is_up(state, id); });
  proto::PartitionInfo info;
  info.set_name(partition.name);
  info.set_nodes(static_cast<std::uint32_t>(partition.nodes.size()));
  info.set_nodes_up(static_cast<std::uint32_t>(up));
  info.set_time_limit_max_s(partition.time_limit_max.count());
  info.set_is_default(partition.is_default);
  return info;
}

Result<const Job*> find_job(const View& view, JobId id) {
  const Job* const job = view.state.find_job(id);
  if (job != nullptr) return job;
  const std::string number = std::to_string(id.value);
  const bool was = id.value != 0 && id < view.state.next_job;
  return fail(ErrorCode::kNotFound,
              was ? "job " + number + " ended a while ago: 'usine history' has it"
                  : "there is no job " + number);
}

proto::JobSummary summary_of(const View& view, const Job& job) {
  const JobRequest& request = *job.request;
  proto::JobSummary summary;
  summary.set_id(job.id.value);
  summary.set_name(request.name);
  summary.set_user(request.user);
  summary.set_project(request.project);
  summary.set_partition(view.state.config->partitions[job.partition.value].name);
  summary.set_state(std::string(to_string(job.state)));
  summary.set_attempt(job.attempts);
  summary.set_nodes(request.total_nodes());
  summary.set_gpus(request.total_gpus());
  summary.set_submit_ms(to_ms(job.submitted));
  summary.set_time_limit_s(job.limit().count());
  summary.set_message(job.message);
  if (job.started) summary.set_start_ms(to_ms(*job.started));
  if (job.state == JobState::kRunning && job.attempt && job.attempt->suspended) {
    summary.set_suspended_ms(to_ms(*job.attempt->suspended));
  }
  if (const Allocation* const placement = placement_of(job)) {
    summary.set_node_list(node_list(view.state, *placement));
    summary.set_gpus(placement->total_gpus());
  }
  if (job.ended) {
    summary.set_end_ms(to_ms(*job.ended));
    *summary.mutable_exit() = to_proto(job.exit);
  }
  add_array(view.state, job, kListedRangesMax, summary);
  add_reasons(view, job, summary);
  return summary;
}

Result<proto::ListJobsReply> list_jobs(const View& view, const Caller& caller,
                                       const proto::ListJobsRequest& request) {
  const Result<std::set<JobState>> states = states_asked_for(request);
  if (!states) return fail(states.error());
  const std::uint32_t asked = request.limit() == 0 ? kPageRowsMax : request.limit();
  const auto rows_max = static_cast<int>(std::min(asked, kPageRowsMax));
  proto::ListJobsReply reply;
  reply.set_as_of_ms(to_ms(view.now));
  const auto& jobs = view.state.jobs;
  for (auto at = jobs.upper_bound(JobId{request.after()}); at != jobs.end(); ++at) {
    if (!is_asked_for(request, *states, at->second)) continue;
    if (!may_see_job(view.state, caller, at->second)) continue;
    if (reply.jobs_size() == rows_max) {
      reply.set_next_after(reply.jobs(rows_max - 1).id());
      break;
    }
    *reply.add_jobs() = summary_of(view, at->second);
  }
  return reply;
}

Result<proto::JobDetail> job_detail(const View& view, JobId id, const Caller& caller,
                                    const JobKeys& keys) {
  const Result<const Job*> found = find_job(view, id);
  if (!found) return fail(found.error());
  const Job* const job = *found;
  if (Status may = check_sight(view.state, caller, *job); !may) return fail(may.error());
  proto::JobDetail detail;
  *detail.mutable_summary() = summary_of(view, *job);
  add_array(view.state, *job, kDetailedRangesMax, *detail.mutable_summary());
  *detail.mutable_request() = to_proto(*job->request);
  if (!oversees(caller, job->request->user)) hide_launch(*detail.mutable_request());
  detail.set_as_of_ms(to_ms(view.now));
  add_dependencies(*job, detail);
  add_rank(view.state, *job, detail);
  if (job->checkpoint) {
    detail.set_checkpoint_ms(to_ms(job->checkpoint->at));
    detail.set_progress(job->checkpoint->progress);
  }
  if (const Allocation* const placement = placement_of(*job)) {
    for (const NodeShare& share : placement->nodes) {
      *detail.add_placement() = to_proto(job_node(view.state, share));
    }
  }
  // An array runs by the jobs of its tasks and has no attempt itself.
  if (job->state == JobState::kRunning && job->attempt && caller.user == job->request->user) {
    detail.set_head_address(job->attempt->nodes.front().address);
    detail.set_job_key(keys.key_of({job->id, job->attempt->number}));
  }
  const auto reason = view.findings.reasons.find(id);
  if (reason != view.findings.reasons.end() &&
      reason->second.kind == ReasonKind::kBehindHigherPriority) {
    detail.add_waits_behind(static_cast<std::uint64_t>(reason->second.asked));
  }
  return detail;
}

Result<proto::ListNodesReply> list_nodes(const View& view, const Caller& caller,
                                         const proto::ListNodesRequest& request) {
  const State& state = view.state;
  proto::ListNodesReply reply;
  reply.set_as_of_ms(to_ms(view.now));
  for (const std::string& name : request.names()) {
    const auto known = state.node_by_name.find(name);
    if (known == state.node_by_name.end()) {
      return fail(ErrorCode::kNotFound,
                  "there is no node '" + name + "': 'usine node list' shows all");
    }
    *reply.add_nodes() = node_info(state, caller, known->second);
  }
  if (!request.names().empty()) return reply;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    *reply.add_nodes() = node_info(state, caller, NodeId{i});
  }
  return reply;
}

proto::ClusterInfo cluster_info(const View& view) {
  const State& state = view.state;
  proto::ClusterInfo info;
  info.set_name(state.config->name);
  info.set_uuid(state.cluster_uuid);
  info.set_version(USINE_VERSION);
  info.set_epoch(state.epoch.value);
  info.set_sequence(state.sequence.value);
  info.set_state_digest(view.state_digest);
  info.set_as_of_ms(to_ms(view.now));
  for (const Partition& partition : state.config->partitions) {
    *info.add_partitions() = partition_info(state, partition);
  }
  std::uint32_t up = 0;
  for (std::uint32_t i = 0; i < state.nodes.size(); ++i) {
    if (is_up(state, NodeId{i})) ++up;
  }
  info.set_nodes(static_cast<std::uint32_t>(state.nodes.size()));
  info.set_nodes_up(up);
  count_jobs(state, info);
  info.set_planning_passes(view.findings.passes);
  info.set_planning_us(static_cast<std::uint64_t>(view.findings.time_planning.count()));
  return info;
}

}  // namespace usine::daemon
