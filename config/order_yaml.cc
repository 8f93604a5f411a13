#include "config/order_yaml.h"

#include "common/units.h"

namespace usine::config {
namespace {

using discovery::YamlFile;
using discovery::YamlMap;

constexpr std::int64_t kAmountMax = 1'000'000'000;
constexpr std::int64_t kYearMs = 366LL * 24 * 3600 * 1000;
constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;
constexpr std::int64_t kSharesMax = 1'000'000;

std::optional<std::int64_t> read_amount(YamlMap& map, const std::string& key) {
  if (!map.has(key)) return std::nullopt;
  return map.integer(key, {0, kAmountMax}, 0);
}

AmountLimits read_amounts(YamlMap& parent, const std::string& key) {
  if (!parent.has(key)) return {};
  YamlMap map(parent.file(), parent.child(key), parent.path_of(key),
              {"running_jobs", "gpus", "nodes"});
  return {read_amount(map, "running_jobs"), read_amount(map, "gpus"), read_amount(map, "nodes")};
}

JobMaxima read_maxima(YamlMap& parent, const std::string& key) {
  if (!parent.has(key)) return {};
  YamlMap map(parent.file(), parent.child(key), parent.path_of(key),
              {"gpus", "nodes", "time_limit"});
  JobMaxima maxima{read_amount(map, "gpus"), read_amount(map, "nodes"), std::nullopt};
  if (!map.has("time_limit")) return maxima;
  const Result<Seconds> limit = parse_time_limit(map.required_text("time_limit"));
  if (limit) {
    maxima.time_limit = *limit;
  } else {
    map.report("time_limit", limit.error().message);
  }
  return maxima;
}

}  // namespace

std::uint32_t read_protected_jobs(YamlMap& map) {
  if (map.text("protected_jobs") == "all") return kAllProtected;
  constexpr std::int64_t kUsual = PrioritySettings{}.protected_jobs;
  return static_cast<std::uint32_t>(map.integer("protected_jobs", {0, kAmountMax}, kUsual));
}

PrioritySettings read_priority(YamlFile& file, const YAML::Node& node) {
  YamlMap map(file, node, "priority",
              {"unit_s", "per_gpu_s", "share_s", "length_doubling_s", "length_weight",
               "length_max_s", "length_learned", "protected_jobs"});
  PrioritySettings settings;
  settings.unit = Millis(map.thousandths("unit_s", {0, kYearMs}, settings.unit.count()));
  settings.per_gpu = Millis(map.thousandths("per_gpu_s", {-kDayMs, kDayMs}, 0));
  settings.share = Millis(map.thousandths("share_s", {0, kYearMs}, 0));
  settings.length_doubling = Millis(
      map.thousandths("length_doubling_s", {-kYearMs, kYearMs}, settings.length_doubling.count()));
  settings.length_milli =
      map.thousandths("length_weight", {-1'000'000, 1'000'000}, settings.length_milli);
  settings.length_max =
      Millis(map.thousandths("length_max_s", {0, kYearMs}, settings.length_max.count()));
  settings.length_learned = map.boolean("length_learned", settings.length_learned);
  settings.protected_jobs = read_protected_jobs(map);
  return settings;
}

ClusterLimits read_cluster_limits(YamlFile& file, const YAML::Node& node) {
  YamlMap map(file, node, "limits", {"per_user", "per_job"});
  return {read_amounts(map, "per_user"), read_maxima(map, "per_job")};
}

GroupLimits read_group_limits(YamlMap& parent) {
  if (!parent.has("limits")) return {};
  YamlMap map(parent.file(), parent.child("limits"), parent.path_of("limits"),
              {"together", "per_user", "per_job"});
  return {read_amounts(map, "together"), read_amounts(map, "per_user"),
          read_maxima(map, "per_job")};
}

AccessList read_access(YamlMap& map) { return {map.texts("users"), map.texts("projects")}; }

Millis read_head_start(YamlMap& map, const std::string& key) {
  return Millis(map.thousandths(key, {-kYearMs, kYearMs}, 0));
}

Qos read_qos(YamlFile& file, const YAML::Node& node, const std::string& name) {
  YamlMap map(file, node, "qos." + name,
              {"head_start_s", "default", "users", "projects", "limits", "preempts", "grace_s",
               "protected_s"});
  Qos qos;
  qos.name = name;
  qos.head_start = read_head_start(map, "head_start_s");
  qos.is_default = map.boolean("default", false);
  qos.access = read_access(map);
  qos.limits = read_group_limits(map);
  PreemptionSettings& preemption = qos.preemption;
  preemption.victims = map.texts("preempts");
  preemption.grace = Millis(map.thousandths("grace_s", {0, kDayMs}, preemption.grace.count()));
  preemption.protected_for = Millis(map.thousandths("protected_s", {0, kYearMs}, 0));
  return qos;
}

Project read_project(YamlFile& file, const YAML::Node& node, const std::string& name) {
  YamlMap map(file, node, "projects." + name, {"members", "shares", "limits", "guaranteed_gpus"});
  Project project;
  project.name = name;
  project.members = map.texts("members");
  project.shares = static_cast<std::uint32_t>(map.integer("shares", {0, kSharesMax}, 1));
  project.limits = read_group_limits(map);
  project.guaranteed_gpus = map.integer("guaranteed_gpus", {0, kAmountMax}, 0);
  return project;
}

}  // namespace usine::config
