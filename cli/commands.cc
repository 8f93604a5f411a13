#include <array>

#include "cli/backup.h"
#include "cli/command.h"

namespace usine::cli {
namespace {

constexpr auto kCommands = std::to_array<Command>({
    {"up", "start a cluster of emulated nodes on this machine", run_up},
    {"down", "end that cluster", run_down},
    {"submit", "queue a batch script", run_submit},
    {"run", "run a command on allocated nodes and show its output", run_run},
    {"alloc", "allocate nodes and give a shell whose steps run on them", run_alloc},
    {"queue", "list jobs", run_queue},
    {"show", "all about one job, node, partition, QOS or project", run_show},
    {"explain", "why a job waits and when it will start", run_explain},
    {"attach", "show a job's output until it ends", run_attach},
    {"cancel", "end jobs", run_cancel},
    {"hold", "keep waiting jobs from starting", run_hold},
    {"release", "let held jobs start", run_release},
    {"requeue", "stop running jobs and queue them again", run_requeue},
    {"suspend", "make running jobs stand still", run_suspend},
    {"unsuspend", "let suspended jobs go on", run_unsuspend},
    {"signal", "pass a signal to running jobs", run_signal},
    {"update", "change what a job waits for or how long it may run", run_update},
    {"reservation", "keep nodes for users or for maintenance", run_reservation},
    {"mark", "tell from inside a job that a checkpoint is written", run_mark},
    {"node", "list, drain, resume or fence nodes", run_node},
    {"history", "list finished jobs", run_history},
    {"topology", "show a node's shape, import a fabric", run_topology},
    {"simulate", "run the scheduler on a recorded list of jobs", run_simulate},
    {"cluster", "make the certificates of a cluster", run_cluster},
    {"config", "check a configuration file, or have it read anew", run_config},
    {"backup", "copy the scheduler's journal into a file", run_backup},
    {"version", "print the version", run_version},
});

}  // namespace

std::span<const Command> commands() { return kCommands; }

int exit_status_of(ErrorCode code) {
  if (code == ErrorCode::kInvalid) return kExitUsage;
  if (code == ErrorCode::kUnavailable) return kExitOutOfReach;
  return kExitFailed;
}

}  // namespace usine::cli
