#include "tools/simulate_policy.h"

#include "config/order_yaml.h"
#include "topology/discovery/yaml_map.h"

namespace usine::tools {
namespace {

using discovery::YamlFile;
using discovery::YamlMap;

constexpr std::int64_t kHeadStartMax_s = 365 * 86'400;

bool is_path(const std::string& text) { return text.find_first_of("./") != std::string::npos; }

void read_order(YamlMap& map, sim::ReplayPolicy& policy) {
  const bool any = map.has("length_doubling_s") || map.has("length_weight") ||
                   map.has("length_max_s") || map.has("length_learned") || map.has("per_gpu_s");
  if (!any) return;
  PrioritySettings order = policy.priority.value_or(PrioritySettings{});
  order.length_doubling = Millis(map.thousandths("length_doubling_s", {0, 1'000 * kHeadStartMax_s},
                                                 order.length_doubling.count()));
  order.length_milli = map.thousandths("length_weight", {0, 1'000'000}, order.length_milli);
  order.length_max = Millis(
      map.thousandths("length_max_s", {0, 1'000 * kHeadStartMax_s}, order.length_max.count()));
  order.length_learned = map.boolean("length_learned", order.length_learned);
  order.per_gpu =
      Millis(map.thousandths("per_gpu_s", {0, 1'000 * kHeadStartMax_s}, order.per_gpu.count()));
  policy.priority = order;
}

sim::ReplayPolicy read_map(YamlMap& map) {
  sim::ReplayPolicy policy = sim::replay_policies().front();
  auto like = sim::find_policy(map.text("like", policy.name));
  if (like) {
    policy = std::move(*like);
  } else {
    map.report("like", like.error().message);
  }
  policy.name = map.required_text("policy");
  if (map.has("protected_jobs")) policy.protected_jobs = config::read_protected_jobs(map);
  read_order(map, policy);
  return policy;
}

}  // namespace

Result<sim::ReplayPolicy> read_policy(const std::string& name_or_path) {
  if (!is_path(name_or_path)) return sim::find_policy(name_or_path);
  const auto text = discovery::read_text_file(name_or_path);
  if (!text) return fail(text.error().within(name_or_path));
  discovery::Problems problems;
  YamlFile file(name_or_path, problems);
  const auto root = file.parse(*text);
  if (!root) return fail(discovery::to_error(problems));
  YamlMap map(file, *root, "",
              {"policy", "like", "protected_jobs", "length_doubling_s", "length_weight",
               "length_max_s", "length_learned", "per_gpu_s"});
  sim::ReplayPolicy policy = read_map(map);
  if (!problems.empty()) return fail(discovery::to_error(problems));
  return policy;
}

}  // namespace usine::tools
