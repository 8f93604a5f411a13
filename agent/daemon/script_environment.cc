#include "agent/daemon/script_environment.h"

#include "common/hostlist.h"

namespace usine::agent {
namespace {

class Environment {
 public:
  void set(const std::string& name, const std::string& value) {
    entries_.push_back(name + '=' + value);
  }
  void set(const std::string& name, std::uint64_t value) { set(name, std::to_string(value)); }
  // Under Usine's name and under the one that sites' scripts for Slurm read.
  template <typename Value>
  void set_both(const std::string& name, const Value& value) {
    set("USINE_" + name, value);
    set("SLURM_" + name, value);
  }
  [[nodiscard]] std::vector<std::string> take() { return std::move(entries_); }

 private:
  std::vector<std::string> entries_;
};

std::string gpus_of(const proto::SpecNode& node) {
  std::string text;
  for (const std::uint32_t gpu : node.gpus()) {
    text += (text.empty() ? "" : ",") + std::to_string(gpu);
  }
  return text;
}

std::string node_list(const proto::JobSpec& spec) {
  std::vector<std::string> names;
  for (const proto::SpecNode& node : spec.nodes()) names.push_back(node.name());
  return compress_hostlist(names);
}

}  // namespace

std::string script_mark(SiteScript which, const std::string& folder) {
  return "USINE_SITE_SCRIPT=" + folder + '/' + to_string(which);
}

std::vector<std::string> script_environment(SiteScript which, const proto::JobSpec& spec,
                                            const std::string& folder) {
  Environment out;
  out.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  out.set_both("JOB_ID", spec.job());
  out.set("USINE_JOB_ATTEMPT", std::uint64_t{spec.attempt()});
  out.set("SLURM_RESTART_COUNT", std::uint64_t{spec.attempt() - 1});
  out.set_both("JOB_NAME", spec.name());
  out.set_both("JOB_USER", spec.user());
  out.set_both("JOB_UID", std::uint64_t{spec.uid()});
  out.set_both("JOB_GID", std::uint64_t{spec.gid()});
  out.set("USINE_JOB_PROJECT", spec.project());
  out.set("SLURM_JOB_ACCOUNT", spec.project());
  out.set_both("JOB_PARTITION", spec.partition());
  out.set_both("JOB_NODELIST", node_list(spec));
  out.set("USINE_NODE", spec.node_name());
  out.set("SLURMD_NODENAME", spec.node_name());
  out.set_both("CLUSTER_NAME", spec.cluster_name());
  if (spec.has_array()) {
    out.set_both("ARRAY_JOB_ID", spec.array().id());
    out.set_both("ARRAY_TASK_ID", std::uint64_t{spec.array().index()});
  }
  if (static_cast<int>(spec.this_node()) < spec.nodes_size()) {
    const std::string gpus = gpus_of(spec.nodes(static_cast<int>(spec.this_node())));
    out.set("CUDA_VISIBLE_DEVICES", gpus);
    out.set("SLURM_JOB_GPUS", gpus);
  }
  out.set("SLURM_SCRIPT_CONTEXT", std::string(to_string(which)) + "_slurmd");
  const std::string mark = script_mark(which, folder);
  out.set(mark.substr(0, mark.find('=')), mark.substr(mark.find('=') + 1));
  return out.take();
}

}  // namespace usine::agent
