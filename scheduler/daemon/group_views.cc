#include "scheduler/daemon/group_views.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/access.h"
#include "scheduler/daemon/privacy.h"
#include "scheduler/daemon/views.h"
#include "scheduler/queue/priority.h"

namespace usine::daemon {
namespace {

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

proto::AmountLimits to_proto(const AmountLimits& limits) {
  proto::AmountLimits message;
  if (limits.jobs) message.set_running_jobs(*limits.jobs);
  if (limits.gpus) message.set_gpus(*limits.gpus);
  if (limits.nodes) message.set_nodes(*limits.nodes);
  return message;
}

void add_limits(const GroupLimits& limits, proto::GroupInfo& info) {
  *info.mutable_together() = to_proto(limits.together);
  *info.mutable_per_user() = to_proto(limits.per_user);
  proto::JobMaxima& maxima = *info.mutable_per_job();
  if (limits.per_job.gpus) maxima.set_gpus(*limits.per_job.gpus);
  if (limits.per_job.nodes) maxima.set_nodes(*limits.per_job.nodes);
  if (limits.per_job.time_limit) maxima.set_time_limit_s(limits.per_job.time_limit->count());
}

void add_access(const AccessList& access, proto::GroupInfo& info) {
  for (const std::string& user : access.users) info.add_users(user);
  for (const std::string& project : access.projects) info.add_projects(project);
}

proto::GroupInfo info_of(const View& view, const Partition& partition) {
  proto::GroupInfo info;
  info.set_is_default(partition.is_default);
  info.set_head_start_ms(partition.head_start.count());
  add_limits(partition.limits, info);
  add_access(partition.access, info);
  *info.mutable_partition() = partition_info(view.state, partition);
  return info;
}

proto::GroupInfo info_of(const View&, const Qos& qos) {
  proto::GroupInfo info;
  info.set_is_default(qos.is_default);
  info.set_head_start_ms(qos.head_start.count());
  add_limits(qos.limits, info);
  add_access(qos.access, info);
  for (const std::string& victim : qos.preemption.victims) info.add_preempts(victim);
  info.set_grace_ms(qos.preemption.grace.count());
  info.set_protected_ms(qos.preemption.protected_for.count());
  return info;
}

proto::GroupInfo info_of(const View& view, const Project& project) {
  proto::GroupInfo info;
  Job job;
  JobRequest request;
  request.project = project.name;
  job.request = std::make_shared<const JobRequest>(std::move(request));
  info.set_head_start_ms(rank_factors(job, *view.state.config).share.count());
  add_limits(project.limits, info);
  for (const std::string& member : project.members) info.add_users(member);
  return info;
}

// By which name of itself a job counts in a group of the kind.
using NameOf = std::function<const std::string&(const Job&)>;

struct UseCount {
  proto::GroupUse whole;
  std::map<std::string, proto::GroupUse> by_user;
};

void count(const Job& job, proto::GroupUse& use) {
  if (!job.attempt) {
    use.set_waiting_jobs(use.waiting_jobs() + 1);
    return;
  }
  use.set_running_jobs(use.running_jobs() + 1);
  use.set_gpus(use.gpus() + job.attempt->allocation.total_gpus());
  use.set_nodes(use.nodes() + job.attempt->allocation.nodes.size());
}

std::map<std::string, UseCount> count_use(const State& state, const NameOf& name_of) {
  std::map<std::string, UseCount> uses;
  for (const auto& [id, job] : state.jobs) {
    if (is_final(job.state) || (job.is_array() && job.state != JobState::kPending)) continue;
    UseCount& use = uses[name_of(job)];
    count(job, use.whole);
    count(job, use.by_user[job.request->user]);
  }
  return uses;
}

void add_use(const State& state, const Caller& caller, const UseCount& use,
             proto::GroupInfo& info) {
  *info.mutable_use() = use.whole;
  std::vector<std::pair<std::string, proto::GroupUse>> users(use.by_user.begin(),
                                                             use.by_user.end());
  std::erase_if(users, [&](const auto& one) { return !may_see_use(state, caller, one.first); });
  std::ranges::stable_sort(users, std::greater{},
                           [](const auto& one) { return one.second.gpus(); });
  for (auto& [user, amounts] : users) {
    amounts.set_user(user);
    *info.add_use_by_user() = amounts;
  }
}

struct Question {
  const View& view;
  const Caller& caller;
  const proto::ListGroupsRequest& request;
};

// `all`: the groups of the kind that the configuration names.
template <typename T>
Result<proto::ListGroupsReply> list(const Question& question, const std::vector<T>& all,
                                    const NameOf& name_of) {
  const auto& [view, caller, request] = question;
  std::string known;
  for (const T& one : all) known += (known.empty() ? "" : ", ") + one.name;
  for (const std::string& name : request.names()) {
    if (std::ranges::find(all, name, &T::name) != all.end()) continue;
    return fail(ErrorCode::kNotFound, "there is no " + request.kind() + " '" + name +
                                          "'; there are: " + (known.empty() ? "none" : known));
  }
  const auto uses = count_use(view.state, name_of);
  proto::ListGroupsReply reply;
  reply.set_as_of_ms(to_ms(view.now));
  for (const T& one : all) {
    const auto& names = request.names();
    if (!names.empty() && std::ranges::find(names, one.name) == names.end()) continue;
    proto::GroupInfo info = info_of(view, one);
    info.set_kind(request.kind());
    info.set_name(one.name);
    const auto use = uses.find(one.name);
    if (use != uses.end()) add_use(view.state, caller, use->second, info);
    *reply.add_groups() = std::move(info);
  }
  return reply;
}

std::vector<Qos> qos_list(const ClusterConfig& config) {
  if (!config.qos.empty()) return config.qos;
  Qos only;
  only.name = kOnlyQos;
  only.is_default = true;
  return {only};
}

template <typename Message>
void add_rank_to(const State& state, const Job& job, Message& message) {
  if (job.state != JobState::kPending) return;
  const RankFactors factors = rank_factors(job, *state.config);
  if (job.eligible_since) message.set_eligible_since_ms(to_ms(factors.since));
  const auto add = [&message](const char* factor, Millis head_start) {
    if (head_start == Millis{0}) return;
    proto::RankPart& part = *message.add_rank();
    part.set_factor(factor);
    part.set_head_start_ms(head_start.count());
  };
  add("priority", factors.priority);
  add("qos", factors.qos);
  add("partition", factors.partition);
  add("project_share", factors.share);
  add("size", factors.size);
  add("length", -factors.length);
}

}  // namespace

Result<proto::ListGroupsReply> list_groups(const View& view, const Caller& caller,
                                           const proto::ListGroupsRequest& request) {
  const Question question{view, caller, request};
  const ClusterConfig& config = *view.state.config;
  if (request.kind() == "partition") {
    return list(question, config.partitions, [&](const Job& job) -> const std::string& {
      return config.partitions[job.partition.value].name;
    });
  }
  if (request.kind() == "qos") {
    return list(question, qos_list(config),
                [](const Job& job) -> const std::string& { return job.request->qos; });
  }
  if (request.kind() == "project") {
    return list(question, config.projects,
                [](const Job& job) -> const std::string& { return job.request->project; });
  }
  return fail(ErrorCode::kInvalid,
              "'" + request.kind() + "' is no kind of group: partition, qos or project");
}

void add_rank(const State& state, const Job& job, proto::JobDetail& detail) {
  add_rank_to(state, job, detail);
}

void add_rank(const State& state, const Job& job, proto::Explanation& explanation) {
  add_rank_to(state, job, explanation);
}

}  // namespace usine::daemon
