#include "agent/core/launch_mpirun.h"

#include <algorithm>

#include "common/hostlist.h"

namespace usine::agent {

std::string mpirun_hosts(const LaunchJob& job) {
  std::string text;
  const auto layout = lay_out_step(job, {});
  if (!layout) return text;
  for (const StepLayout::Node& node : layout->nodes) {
    text += job.nodes[node.job_node].name + " slots=" + std::to_string(node.tasks()) + '\n';
  }
  return text;
}

void set_mpirun(const LaunchJob& job, Environment& environment) {
  const std::string hosts = job.folder + '/' + std::string(kMpirunHostsFile);
  const std::string agent = job.launcher + " rsh";
  // By the SLURM_ names both would take this for Slurm and look for its daemons.
  environment.set_default("OMPI_MCA_ras", "^slurm");
  environment.set_default("OMPI_MCA_plm", "rsh");
  environment.set_default("OMPI_MCA_plm_rsh_agent", agent);
  environment.set_default("OMPI_MCA_orte_default_hostfile", hosts);
  environment.set_default("PRTE_MCA_ras", "^slurm");
  environment.set_default("PRTE_MCA_plm", "ssh");
  environment.set_default("PRTE_MCA_plm_ssh_agent", agent);
  environment.set_default("PRTE_MCA_prte_default_hostfile", hosts);
  // Only the job's first node starts steps.
  environment.set_default("OMPI_MCA_plm_rsh_no_tree_spawn", "1");
  environment.set_default("PRTE_MCA_plm_ssh_no_tree_spawn", "1");
  // A daemon that goes into the background would be what an ended step has left behind.
  environment.set_default("OMPI_MCA_orte_leave_session_attached", "1");
  environment.set_default("PRTE_MCA_prte_leave_session_attached", "1");
  if (!job.network.empty()) {
    environment.set_default("OMPI_MCA_oob_tcp_if_include", job.network);
    environment.set_default("OMPI_MCA_btl_tcp_if_include", job.network);
  }
  if (!job.emulated) return;
  // Emulated nodes share one machine's cores and its shared memory, where they would not tell each
  // other's segments apart.
  environment.set_default("OMPI_MCA_hwloc_base_binding_policy", "none");
  environment.set_default("OMPI_MCA_mpi_yield_when_idle", "1");
  environment.set_default("OMPI_MCA_btl", "self,tcp");
}

Result<StepLayout> lay_out_daemon(const LaunchJob& job, std::string_view node) {
  const auto found = std::ranges::find(job.nodes, node, &LaunchNode::name);
  if (found == job.nodes.end()) {
    std::vector<std::string> names;
    for (const LaunchNode& one : job.nodes) names.push_back(one.name);
    return fail(ErrorCode::kNotFound, "the job has no node " + std::string(node) + ": it has " +
                                          compress_hostlist(names));
  }
  StepLayout layout;
  layout.nodes.push_back({.job_node = static_cast<std::uint32_t>(found - job.nodes.begin()),
                          .cores_per_task = std::max(found->cores, 1u),
                          .gpus = static_cast<std::uint32_t>(found->gpus.size()),
                          .ranks = {0}});
  return layout;
}

std::vector<std::string> without_rank(const std::vector<std::string>& environment) {
  Environment left(environment);
  for (const char* const name :
       {"RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "NODE_RANK"}) {
    left.erase(name);
  }
  return left.entries();
}

}  // namespace usine::agent
