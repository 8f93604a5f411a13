#include "cli/startup.h"

#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "cli/client.h"
#include "common/os/files.h"

namespace usine::cli {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kWait = std::chrono::seconds(60);
// What one more node may add to the wait: its agent reads a machine's shape and joins.
constexpr auto kWaitForEachNode = std::chrono::milliseconds(500);
constexpr auto kPoll = std::chrono::milliseconds(20);

std::vector<std::string> shape_arguments(const config::MachineSource& source) {
  std::vector<std::string> arguments = {"--like", source.machine};
  if (source.gpus != config::MachineSource::kAllGpus) {
    arguments.insert(arguments.end(), {"--gpus", std::to_string(source.gpus)});
  }
  return arguments;
}

// How many nodes can be reached; none while the scheduler does not answer.
Result<std::size_t> count_nodes_up(const LocalCluster& cluster) {
  auto client = connect({cluster.folder(), std::nullopt, std::nullopt});
  if (!client && client.error().code == ErrorCode::kUnavailable) return 0;
  if (!client) return fail(client.error());
  const auto reply = client->list_nodes({});
  if (!reply && reply.error().code == ErrorCode::kUnavailable) return 0;
  if (!reply) return fail(reply.error());
  std::size_t up = 0;
  for (const proto::NodeInfo& node : reply->nodes()) {
    up += node.state() != "down" && node.state() != "unreachable" ? 1 : 0;
  }
  return up;
}

}  // namespace

Status Startup::run() {
  const auto deadline = Clock::now() + kWait + file_.cluster.nodes.size() * kWaitForEachNode;
  while (true) {
    const auto up = turn();
    if (!up) return fail(up.error());
    if (*up) return {};
    if (Clock::now() > deadline) return fail(too_late());
    progress_.show(stage_);
    std::this_thread::sleep_for(kPoll);
  }
}

Result<bool> Startup::turn() {
  if (Status running = ensure(cluster_.scheduler()); !running) return fail(running.error());
  const auto address = os::read_file(cluster_.address_file());
  if (!address) return false;
  const Status running = ensure_agents(address->substr(0, address->find('\n')));
  if (!running) return fail(running.error());
  const auto up = count_nodes_up(cluster_);
  if (!up) return fail(up.error());
  const std::size_t nodes = file_.cluster.nodes.size();
  stage_ = std::to_string(*up) + " of " + std::to_string(nodes) + " nodes are up";
  return *up >= nodes;
}

Status Startup::ensure(const LocalProgram& program) {
  if (running_pid(program)) return {};
  if (const auto earlier = started_.find(program.name); earlier != started_.end()) {
    // The scheduler writes its pid file itself, a moment after its start.
    if (is_alive(earlier->second)) return {};
    return fail(ErrorCode::kIo, program.name + " has ended: " + last_log_line(program) +
                                    " (log: " + program.log_file + ")");
  }
  if (program.writes_pid) std::filesystem::remove(cluster_.address_file());  // a killed one's
  const auto pid = start(program);
  if (!pid) return fail(pid.error());
  started_.emplace(program.name, *pid);
  return {};
}

Status Startup::ensure_agents(const std::string& address) {
  for (const ConfiguredNode& node : file_.cluster.nodes) {
    auto arguments = shape_arguments(file_.machines[node.node_class]);
    arguments.insert(arguments.end(), agent_settings_.begin(), agent_settings_.end());
    const Status running = ensure(cluster_.agent(node.name, address, arguments));
    if (!running) return running;
  }
  return {};
}

Error Startup::too_late() const {
  return {ErrorCode::kIo, "the cluster is not up in time (" + stage_ +
                              "); the scheduler says: " + last_log_line(cluster_.scheduler())};
}

}  // namespace usine::cli
