#include "scheduler/daemon/reload.h"

#include <memory>
#include <string>
#include <utility>

#include <spdlog/spdlog.h>

namespace usine::daemon {
namespace {

void add(proto::ReloadConfigReply& reply, const config::Problem& problem) {
  proto::ConfigProblem& one = *reply.add_problems();
  one.set_file(problem.file);
  one.set_line(problem.line);
  one.set_key(problem.key);
  one.set_message(problem.what);
}

void refuse(proto::ReloadConfigReply reply, const config::Problems& problems,
            Responder<proto::ReloadConfigReply> respond) {
  for (const config::Problem& problem : problems) {
    add(reply, problem);
    spdlog::error("event=configuration_refused error=\"{}\" effect=\"the old one stays\"",
                  discovery::to_string(problem));
  }
  respond(std::move(reply));
}

proto::ReloadConfigReply summary_of(const ConfigSource& source, const ClusterConfig& cluster) {
  proto::ReloadConfigReply reply;
  reply.set_file(source.path);
  reply.set_nodes(static_cast<std::uint32_t>(cluster.nodes.size()));
  reply.set_partitions(static_cast<std::uint32_t>(cluster.partitions.size()));
  return reply;
}

}  // namespace

config::Problems fixed_while_running(const ConfigSource& source, const config::ClusterFile& fresh) {
  config::Problems problems;
  const auto fixed = [&](const auto& old, const auto& wanted, const char* key, const char* why) {
    if (old != wanted) problems.push_back({source.path, 0, key, why});
  };
  const config::ClusterFile& old = source.started;
  constexpr const char* kWired = "is in force only once the scheduler is started again";
  fixed(old.listen.state_folder, fresh.listen.state_folder, "scheduler.state_folder", kWired);
  fixed(old.listen.listen_address, fresh.listen.listen_address, "scheduler.listen", kWired);
  fixed(old.listen.token_file, fresh.listen.token_file, "scheduler.token_file", kWired);
  fixed(old.listen.agent_secret_file, fresh.listen.agent_secret_file, "scheduler.agent_secret_file",
        kWired);
  fixed(old.listen.identity, fresh.listen.identity, "authentication or tls", kWired);
  fixed(old.listen.replay_rows, fresh.listen.replay_rows, "scheduler.replay_rows", kWired);
  fixed(old.cluster.operators, fresh.cluster.operators, "operators", kWired);
  constexpr const char* kTold =
      "is in force only once the scheduler is started again: agents are told it when they join";
  fixed(old.cluster.timings.heartbeat, fresh.cluster.timings.heartbeat, "timings.heartbeat_s",
        kTold);
  fixed(old.cluster.timings.lease, fresh.cluster.timings.lease, "timings.lease_s", kTold);
  return problems;
}

void reload_config(const ConfigSource& source, EngineThread& engine,
                   Responder<proto::ReloadConfigReply> respond) {
  auto file = config::load_cluster_file(source.path);
  if (!file) return refuse({}, file.error(), std::move(respond));
  proto::ReloadConfigReply reply = summary_of(source, file->cluster);
  if (const config::Problems fixed = fixed_while_running(source, *file); !fixed.empty()) {
    return refuse(std::move(reply), fixed, std::move(respond));
  }
  Instruction instruction;
  instruction.command =
      Configure{{}, std::make_shared<const ClusterConfig>(std::move(file->cluster))};
  instruction.reply = [path = source.path, reply = std::move(reply),
                       respond = std::move(respond)](const Result<Reply>& decided) mutable {
    if (!decided) {
      return refuse(std::move(reply), {{path, 0, "", decided.error().message}}, std::move(respond));
    }
    respond(std::move(reply));
  };
  engine.tell(std::move(instruction));
}

}  // namespace usine::daemon
