#include "scheduler/daemon/agent_service.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "identity/tls_credentials.h"
#include "proto/convert_users.h"
#include "proto/protocol_version.h"

namespace usine::daemon {

void AgentService::start() {
  parts_.loop.post([this] { listen(); });
}

void AgentService::listen() {
  const AgentStream::Number number = next_number_++;
  AgentStream::Owner& self = *this;  // a private base is visible here only
  auto stream = std::make_unique<AgentStream>(number, self);
  stream->listen(parts_.service, parts_.loop);
  streams_.emplace(number, std::move(stream));
}

void AgentService::stream_opened(AgentStream& stream) {
  listen();
  const Status admitted = admit(stream);
  if (admitted) return;
  spdlog::warn("event=agent_refused peer={} error=\"{}\"", stream.context().peer(),
               admitted.error().message);
  stream.refuse(admitted.error());
}

// Whose certificate it is, is looked at when the agent says which node it stands for.
Status AgentService::admit(const AgentStream& stream) const {
  if (parts_.certificates) {
    if (stream.context().auth_context()->IsPeerAuthenticated()) return {};
    return fail(ErrorCode::kPermission,
                "this scheduler knows agents by their certificates, and none was shown: start the "
                "agent with --tls-dir");
  }
  const auto& metadata = stream.context().client_metadata();
  const auto secret = metadata.find(kAgentSecretMetadata);
  if (secret != metadata.end() &&
      equal_secrets({secret->second.data(), secret->second.size()}, parts_.secret)) {
    return {};
  }
  return fail(ErrorCode::kPermission,
              "the agent's secret is not this cluster's: give the agent the scheduler's "
              "agent.secret file");
}

void AgentService::stream_received(AgentStream& stream, const proto::FromAgent& message) {
  if (const Status known = check_protocol(message.hello()); message.has_hello() && !known) {
    spdlog::warn("event=agent_refused peer={} node={} protocol={}", stream.context().peer(),
                 message.hello().node_name(), message.hello().protocol());
    return stream.refuse(known.error());
  }
  if (message.has_hello()) stream.protocol = message.hello().protocol();
  Result<FromAgent> converted = from_proto(message);
  if (!converted) {
    spdlog::warn("event=agent_message_refused peer={} error=\"{}\"", stream.context().peer(),
                 converted.error().message);
    stream.refuse(converted.error());
    return;
  }
  if (!std::holds_alternative<Hello>(*converted) && !stream.node) {
    stream.refuse({ErrorCode::kInvalid, "an agent's first message must be Hello"});
    return;
  }
  std::visit([this, &stream](auto& kind) { hear(stream, std::move(kind)); }, *converted);
}

void AgentService::hear(AgentStream& stream, Hello hello) {
  if (!stream.node_name.empty() && stream.node_name != hello.node_name) {
    stream.refuse({ErrorCode::kInvalid, "a stream speaks for one node, and this one began for '" +
                                            stream.node_name + "'"});
    return;
  }
  if (parts_.certificates &&
      !identity::has_name(*stream.context().auth_context(), hello.node_name)) {
    spdlog::warn("event=agent_refused peer={} node={} reason=certificate", stream.context().peer(),
                 hello.node_name);
    stream.refuse({ErrorCode::kPermission,
                   "the agent's certificate is not that of node '" + hello.node_name +
                       "': give it --tls-dir of the folder that was made for this node"});
    return;
  }
  newest_by_name_[hello.node_name] = stream.number();
  stream.node_name = hello.node_name;
  tell(stream, AgentHello{std::move(hello)});
}

void AgentService::hear(AgentStream& stream, const Heartbeat&) {
  parts_.engine.tell(Heard{*stream.node});
}

void AgentService::hear(AgentStream& stream, Prepared report) {
  tell(stream, AgentPrepared{*stream.node, std::move(report)});
}

void AgentService::hear(AgentStream& stream, Ended report) {
  StepRows steps{report.key, std::exchange(report.steps, {})};
  Attached attached;
  if (!steps.steps.empty()) attached.steps.push_back(std::move(steps));
  tell(stream, AgentEnded{*stream.node, std::move(report)}, std::move(attached));
}

void AgentService::tell(const AgentStream& stream, Command command, Attached attached) {
  auto answer = [this, number = stream.number(), name = stream.node_name](Result<Reply> reply) {
    parts_.loop.post(
        [this, number, name, reply = std::move(reply)] { answered(number, name, reply); });
  };
  parts_.engine.tell(Instruction{std::move(command), std::move(answer), std::move(attached)});
}

void AgentService::answered(AgentStream::Number number, const std::string& node_name,
                            Result<Reply> reply) {
  auto* const admitted = reply ? std::get_if<Admitted>(&*reply) : nullptr;
  const auto found = streams_.find(number);
  if (found == streams_.end() || found->second->is_broken()) {
    // It broke while its Hello was decided, so that nobody has told of its end yet.
    const bool has_newer = newest_by_name_.contains(node_name);
    if (admitted != nullptr && !has_newer) {
      parts_.engine.tell(Instruction{AgentGone{admitted->node}, {}, {}});
    }
    return;
  }
  AgentStream& stream = *found->second;
  if (!reply) {
    spdlog::warn("event=agent_refused node={} error=\"{}\"", node_name, reply.error().message);
    stream.refuse(reply.error());
    return;
  }
  if (admitted == nullptr) return;
  bind(stream, admitted->node);
  for (ToAgent& message : admitted->messages) write(stream, std::move(message));
}

void AgentService::bind(AgentStream& stream, NodeId node) {
  if (stream.node == node) return;
  cut(node);
  stream.node = node;
  by_node_[node] = stream.number();
  spdlog::info("event=agent_connected node={} peer={}", stream.node_name, stream.context().peer());
}

void AgentService::stream_broken(AgentStream& stream) {
  const auto newest = newest_by_name_.find(stream.node_name);
  // A newer stream that was refused has left no entry: then this one's end is the node's.
  const bool has_newer = newest != newest_by_name_.end() && newest->second != stream.number();
  if (newest != newest_by_name_.end() && !has_newer) newest_by_name_.erase(newest);
  if (!stream.node) return;
  const auto bound = by_node_.find(*stream.node);
  if (bound != by_node_.end() && bound->second == stream.number()) by_node_.erase(bound);
  spdlog::info("event=agent_disconnected node={} newer_stream={}", stream.node_name, has_newer);
  if (!has_newer) parts_.engine.tell(Instruction{AgentGone{*stream.node}, {}, {}});
}

void AgentService::stream_closed(AgentStream& stream) { streams_.erase(stream.number()); }

void AgentService::cut(NodeId node) {
  const auto bound = by_node_.find(node);
  if (bound != by_node_.end()) streams_.at(bound->second)->cut();
}

void AgentService::take(const AppliedRows& rows) {
  for (const Applied& row : *rows) {
    for (const Event& event : row.events) {
      const auto* const lost = std::get_if<NodeLost>(&event);
      if (lost != nullptr) parts_.loop.post([this, node = lost->node] { cut(node); });
    }
  }
}

void AgentService::send(std::vector<AgentEffect> effects) {
  parts_.loop.post([this, effects = std::move(effects)]() mutable {
    for (AgentEffect& effect : effects) send_to(effect.node, std::move(effect.message));
  });
}

void AgentService::send_to(NodeId node, ToAgent message) {
  const auto bound = by_node_.find(node);
  if (bound == by_node_.end()) return;  // its next Hello brings it up to date
  write(*streams_.at(bound->second), std::move(message));
}

void AgentService::write(AgentStream& stream, ToAgent message) {
  if (auto* const prepare = std::get_if<Prepare>(&message)) {
    if (const Status filled = fill(*prepare); !filled) {
      spdlog::error("event=prepare_failed job={} error=\"{}\"", prepare->key.job.value,
                    filled.error().message);
      return;  // nobody's fault but this scheduler's: its time to prepare ends, it is put back
    }
  }
  stream.write(to_proto(message, node_lists_, list_form_of(stream.protocol)));
}

Status AgentService::fill(Prepare& prepare) {
  const LaunchRequest& launch = prepare.request->launch;
  const auto script = parts_.blobs.find(launch.script_hash);
  if (!script) return fail(script.error().within("the job's script"));
  const auto environment = parts_.blobs.find(launch.environment_hash);
  if (!environment) return fail(environment.error().within("the job's environment"));
  prepare.script = **script;
  prepare.environment = **environment;
  prepare.job_key = parts_.keys.key_of(prepare.key);
  return {};
}

}  // namespace usine::daemon
