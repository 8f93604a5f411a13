#include "scheduler/core/access.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace usine {
namespace {

// Who asks: what an AccessList is held against.
struct Asker {
  const Caller& caller;
  const std::string& user;
  std::string project = {};
};

bool may_use(const AccessList& access, const Asker& asker) {
  if (asker.caller.is_operator || (access.users.empty() && access.projects.empty())) return true;
  return std::ranges::find(access.users, asker.user) != access.users.end() ||
         std::ranges::find(access.projects, asker.project) != access.projects.end();
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += text.empty() ? name : ", " + name;
  return text.empty() ? "none" : text;
}

template <typename T>
std::vector<std::string> names_for(const std::vector<T>& all, const Asker& asker) {
  std::vector<std::string> names;
  for (const T& one : all) {
    if (may_use(one.access, asker)) names.push_back(one.name);
  }
  return names;
}

std::unexpected<Error> not_among(std::string_view kind, const std::string& name,
                                 const std::vector<std::string>& usable) {
  return fail(ErrorCode::kNotFound, "there is no " + std::string(kind) + " '" + name +
                                        "'; you may use: " + list_of(usable));
}

std::unexpected<Error> not_allowed(std::string_view kind, const std::string& name,
                                   const Asker& asker, const std::vector<std::string>& usable) {
  const std::string project = asker.project.empty() ? "" : " with project " + asker.project;
  return fail(ErrorCode::kPermission, std::string(kind) + " '" + name + "' is not for user " +
                                          asker.user + project +
                                          "; you may use: " + list_of(usable));
}

// The project of the request, or the first that its user is a member of.
Result<std::string> project_for(const ClusterConfig& config, const JobRequest& request,
                                const Asker& asker) {
  if (config.projects.empty()) return request.project;
  std::vector<std::string> usable;
  for (const Project& project : config.projects) {
    const bool member = std::ranges::find(project.members, asker.user) != project.members.end();
    if (member || asker.caller.is_operator) usable.push_back(project.name);
  }
  if (request.project.empty()) {
    if (!usable.empty()) return usable.front();
    return fail(ErrorCode::kPermission,
                "user " + asker.user + " is a member of no project; ask its lead to be added");
  }
  if (std::ranges::find(usable, request.project) != usable.end()) return request.project;
  const auto known = std::ranges::find(config.projects, request.project, &Project::name);
  if (known == config.projects.end()) return not_among("project", request.project, usable);
  return not_allowed("project", request.project, {asker.caller, asker.user}, usable);
}

Result<PartitionId> partition_for(const ClusterConfig& config, const JobRequest& request,
                                  const Asker& asker) {
  for (std::uint32_t i = 0; i < config.partitions.size(); ++i) {
    const Partition& partition = config.partitions[i];
    const bool wanted =
        request.partition.empty() ? partition.is_default : partition.name == request.partition;
    if (!wanted) continue;
    if (may_use(partition.access, asker)) return PartitionId{i};
    return not_allowed("partition", partition.name, asker, names_for(config.partitions, asker));
  }
  return not_among("partition", request.partition, names_for(config.partitions, asker));
}

// Of those that the user may use: the default, else the first in the configuration.
Result<QosId> default_qos(const ClusterConfig& config, const Asker& asker) {
  std::optional<QosId> found;
  for (std::uint32_t i = 0; i < config.qos.size(); ++i) {
    if (!may_use(config.qos[i].access, asker)) continue;
    if (!found || config.qos[i].is_default) found = QosId{i};
  }
  if (found) return *found;
  return fail(ErrorCode::kPermission, "no QOS is for user " + asker.user +
                                          "; ask the operators which --project or QOS to use");
}

Result<QosId> qos_for(const ClusterConfig& config, const JobRequest& request, const Asker& asker) {
  if (config.qos.empty()) {
    if (request.qos.empty() || request.qos == kOnlyQos) return QosId{};
    return not_among("QOS", request.qos, {kOnlyQos});
  }
  if (request.qos.empty()) return default_qos(config, asker);
  const auto usable = names_for(config.qos, asker);
  const auto found = std::ranges::find(config.qos, request.qos, &Qos::name);
  if (found == config.qos.end()) return not_among("QOS", request.qos, usable);
  if (!may_use(found->access, asker)) return not_allowed("QOS", request.qos, asker, usable);
  return QosId{static_cast<std::uint32_t>(found - config.qos.begin())};
}

// ---- sizes ------------------------------------------------------------------------------------

Status check_maximum(std::int64_t asked, std::optional<std::int64_t> most, std::string_view noun,
                     const std::string& who) {
  if (!most || asked <= *most) return {};
  return fail(ErrorCode::kRefused, "the job asks for " + std::to_string(asked) + " " +
                                       std::string(noun) + "; " + who + " allows a job " +
                                       std::to_string(*most));
}

Status check_maxima(const JobMaxima& maxima, const Amounts& amounts, Seconds limit,
                    const std::string& who) {
  if (auto fits = check_maximum(amounts[1], maxima.gpus, "GPUs", who); !fits) return fits;
  if (auto fits = check_maximum(amounts[2], maxima.nodes, "nodes", who); !fits) return fits;
  if (!maxima.time_limit || limit <= *maxima.time_limit) return {};
  return fail(ErrorCode::kRefused, "the time limit " + format_duration(limit) + " is above the " +
                                       format_duration(*maxima.time_limit) + " that " + who +
                                       " allows; lower --time");
}

Status check_ever(const RunningLimits& limits, const LimitUse& use) {
  const auto never = limits.never(use);
  if (!never) return {};
  const Reason reason = limits.reason_of(*never);
  constexpr std::array<std::string_view, kLimitAmounts> kNouns = {"jobs", "GPUs", "nodes"};
  return fail(ErrorCode::kRefused,
              "the job asks for " + std::to_string(reason.asked) + " " +
                  std::string(kNouns[static_cast<std::size_t>(never->amount)]) + "; " +
                  reason.text + " may use at most " + std::to_string(reason.total) + " at once");
}

}  // namespace

Result<Filing> file_request(const State& state, const Caller& caller,
                            std::shared_ptr<const JobRequest> request) {
  const ClusterConfig& config = *state.config;
  Asker asker{caller, request->user};
  auto project = project_for(config, *request, asker);
  if (!project) return fail(project.error());
  asker.project = *project;
  const auto partition = partition_for(config, *request, asker);
  if (!partition) return fail(partition.error());
  const auto qos = qos_for(config, *request, asker);
  if (!qos) return fail(qos.error());
  const std::string qos_name = config.qos.empty() ? kOnlyQos : config.qos[qos->value].name;
  if (request->project != *project || request->qos != qos_name) {
    auto named = std::make_shared<JobRequest>(*request);
    named->project = *std::move(project);
    named->qos = qos_name;
    request = std::move(named);
  }
  return Filing{*partition, *qos, std::move(request)};
}

Status check_size(State& state, const Filing& filing) {
  const ClusterConfig& config = *state.config;
  Job job;
  job.request = filing.request;
  job.partition = filing.partition;
  job.qos = filing.qos;
  const LimitUse use = state.running.use_of(job);
  const Seconds limit = filing.request->time_limit;
  const auto within = [&](const JobMaxima& maxima, const std::string& who) {
    return check_maxima(maxima, use.amounts, limit, who);
  };
  const Partition& partition = config.partitions[filing.partition.value];
  Status fits = within(config.job_maxima, "this cluster");
  if (fits) fits = within(partition.limits.per_job, "partition " + partition.name);
  if (fits && !config.qos.empty()) {
    const Qos& qos = config.qos[filing.qos.value];
    fits = within(qos.limits.per_job, "QOS " + qos.name);
  }
  const auto project = std::ranges::find(config.projects, filing.request->project, &Project::name);
  if (fits && project != config.projects.end()) {
    fits = within(project->limits.per_job, "project " + project->name);
  }
  return fits ? check_ever(state.running, use) : fits;
}

}  // namespace usine
