#include "agent/shepherd/pmix_environment.h"

namespace usine::shepherd {
namespace {

std::string setting(const char* name, const std::string& value) {
  return std::string(name) + '=' + value;
}

}  // namespace

std::vector<std::string> open_mpi_environment(const MpiRank& rank, const MpiNode& node) {
  std::vector<std::string> settings = {
      // Without this Open MPI 4 takes a rank that no orted started for a singleton of size 1.
      setting("OMPI_MCA_schizo", "^orte"),
      // Cores are the shepherd's to give: Open MPI keeps what it finds.
      setting("OMPI_MCA_orte_externally_bound", "1"),
      setting("OMPI_MCA_hwloc_base_binding_policy", "none"),
      // Job data over the socket: the shared-memory store complains where server and rank differ
      // in user.
      setting("PMIX_MCA_gds", "hash"),
      // What mpirun sets and programs read to learn their place before MPI_Init.
      setting("OMPI_COMM_WORLD_RANK", std::to_string(rank.rank)),
      setting("OMPI_COMM_WORLD_SIZE", std::to_string(rank.world_size)),
      setting("OMPI_COMM_WORLD_LOCAL_RANK", std::to_string(rank.local_rank)),
      setting("OMPI_COMM_WORLD_LOCAL_SIZE", std::to_string(rank.local_size)),
  };
  if (node.oversubscribed) settings.push_back(setting("OMPI_MCA_mpi_yield_when_idle", "1"));
  if (!node.shared_memory_folder.empty()) {
    settings.push_back(setting("OMPI_MCA_btl_vader_backing_directory", node.shared_memory_folder));
  }
  if (!node.network.empty()) {
    settings.push_back(setting("OMPI_MCA_btl_tcp_if_include", node.network));
  }
  return settings;
}

}  // namespace usine::shepherd
