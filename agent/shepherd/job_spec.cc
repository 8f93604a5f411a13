#include "agent/shepherd/job_spec.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "agent/core/launch_environment.h"
#include "common/os/files.h"
#include "proto/shepherd.pb.h"

namespace usine::shepherd {
namespace {

template <typename T, typename Field>
std::vector<T> to_vector(const Field& field) {
  return std::vector<T>(field.begin(), field.end());
}

agent::LaunchNode to_node(const proto::SpecNode& from) {
  agent::LaunchNode node;
  node.name = from.name();
  node.pus = to_vector<std::uint32_t>(from.pus());
  node.cores = static_cast<std::uint32_t>(from.cores_size());
  node.gpus = to_vector<std::uint32_t>(from.gpus());
  node.nics = to_vector<std::string>(from.nics());
  node.memory_mib = from.memory_mib();
  node.component = from.component();
  node.leaf = from.leaf();
  node.core_packages = to_vector<std::int32_t>(from.core_packages());
  node.core_numas = to_vector<std::int32_t>(from.core_numas());
  node.gpu_numas = to_vector<std::int32_t>(from.gpu_numas());
  return node;
}

agent::LaunchComponent to_component(const proto::SpecComponent& from) {
  return {.nodes = from.nodes(),
          .tasks_per_node = from.tasks_per_node(),
          .tasks = from.tasks(),
          .cores_per_task = from.cores_per_task(),
          .gpus_per_node = from.gpus_per_node()};
}

void take_who(const proto::JobSpec& from, agent::LaunchJob& job) {
  job.key = {JobId{from.job()}, AttemptNumber{from.attempt()}};
  job.name = from.name();
  job.user = from.user();
  job.uid = from.uid();
  job.gid = from.gid();
  job.project = from.project();
  job.partition = from.partition();
  job.cluster = from.cluster_name();
  if (from.has_array()) {
    const proto::SpecArray& array = from.array();
    job.array = ArrayPlace{array.id(),     array.index(),   array.count(),
                           array.lowest(), array.highest(), array.step()};
  }
}

void take_where(const proto::JobSpec& from, agent::LaunchJob& job) {
  for (const proto::SpecNode& node : from.nodes()) job.nodes.push_back(to_node(node));
  for (const proto::SpecComponent& component : from.components()) {
    job.components.push_back(to_component(component));
  }
  job.this_node = from.this_node();
  job.time_limit = Seconds(from.time_limit_s());
  job.emulated = from.emulated();
}

void take_how(const proto::JobSpec& from, agent::LaunchJob& job) {
  job.environment = agent::split_environment(from.environment());
  job.arguments = to_vector<std::string>(from.arguments());
  job.working_directory = from.working_directory();
  job.output = from.output();
  job.error = from.error();
  job.input = from.input();
  job.open_mode = from.open_mode() == 1 ? OpenMode::kAppend : OpenMode::kTruncate;
  job.umask = from.umask();
  for (const proto::SpecLimit& limit : from.limits()) {
    job.limits.push_back({limit.resource(), limit.soft()});
  }
}

Status check(const agent::LaunchJob& job) {
  if (job.this_node >= job.nodes.size() || job.components.empty()) {
    return fail(ErrorCode::kInvalid, "the specification has no such node or no component");
  }
  const auto known = [&](const agent::LaunchNode& node) {
    return node.component < job.components.size();
  };
  if (!std::ranges::all_of(job.nodes, known)) {
    return fail(ErrorCode::kInvalid, "the specification has a node of no component");
  }
  return {};
}

// Installed in one folder with us; else whichever the user's PATH leads to.
std::string usine_beside_us() {
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "usine";
  return !error && std::filesystem::exists(path, error) ? path.string() : "usine";
}

}  // namespace

Result<JobSpec> read_job_spec(const std::string& job_folder) {
  const auto bytes = os::read_file(job_folder + "/spec");
  if (!bytes) return fail(bytes.error());
  proto::JobSpec from;
  if (!from.ParseFromString(*bytes)) {
    return fail(ErrorCode::kCorrupt, job_folder + "/spec does not read back");
  }
  JobSpec spec;
  take_who(from, spec.launch);
  take_where(from, spec.launch);
  take_how(from, spec.launch);
  spec.launch.folder = job_folder;
  spec.launch.temporary = from.temporary().empty() ? job_folder + "/tmp" : from.temporary();
  if (const Status valid = check(spec.launch); !valid) return fail(valid.error());
  auto containment = read_containment(from.containment(), spec.launch);
  if (!containment) return fail(containment.error());
  spec.containment = *std::move(containment);
  spec.script = from.script();
  spec.job_key = from.job_key();
  spec.listen_host = from.listen_host().empty() ? "127.0.0.1" : from.listen_host();
  spec.kill_wait = Millis(from.kill_wait_ms());
  spec.interactive = from.interactive();
  spec.launch.launcher = usine_beside_us();
  // On one machine alone, all nodes are behind the interface that leads nowhere else.
  if (spec.listen_host.starts_with("127.") || spec.listen_host == "::1") spec.launch.network = "lo";
  if (from.tree_width() > 0) spec.tree_width = from.tree_width();
  return spec;
}

}  // namespace usine::shepherd
