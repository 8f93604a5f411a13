#include "sim/node_host.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace usine::sim {
namespace {

constexpr Millis kReconnectMin{200};
constexpr Millis kReconnectMax{5'000};
constexpr Millis kSpawnMin{1};
constexpr Millis kSpawnMax{60};
constexpr Millis kSlowMin{8'000};
constexpr Millis kSlowMax{25'000};
constexpr std::uint64_t kFailsOneIn = 10;  // scripts

Millis run_time(const Prepare& prepare) {
  const std::string& text = prepare.request->launch.arguments.front();
  std::int64_t ms = 0;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  return Millis(ms);
}

}  // namespace

NodeHost::NodeHost(SimulationParts parts, NodeId id) : parts_(std::move(parts)), id_(id) {
  const ConfiguredNode& node = parts_.config->nodes[id.value];
  shape_ = std::make_shared<NodeShape>(parts_.config->classes[node.node_class].shape);
}

void NodeHost::tell(const std::string& what) {
  parts_.story.tell(parts_.agenda.now(), text_of(id_) + " " + what);
}

// ---- the agent's process ----------------------------------------------------------------------

void NodeHost::start_agent() {
  if (!powered_ || core_) return;
  ++agents_;
  tell("agent starts");
  std::vector<agent::FoundAttempt> found;
  for (const auto& [key, shepherd] : shepherds_) {
    found.push_back({key, shepherd.is_ready ? "sim:1" : "", shepherd.ended});
  }
  agent::Identity identity{parts_.config->nodes[id_.value].name, "boot-" + std::to_string(boots_),
                           cluster_uuid_, shape_, epoch_};
  core_ = std::make_unique<agent::AgentCore>(std::move(identity), std::move(found));
  connect();
}

void NodeHost::crash_agent() {
  tell("agent is gone");
  core_.reset();
  wakes_at_.reset();
  if (stream_ != 0) parts_.network.agent_gone(std::exchange(stream_, 0));
}

void NodeHost::power_off() {
  crash_agent();
  powered_ = false;
  tell("has no power");
  ++boots_;
  for (auto entry = shepherds_.begin(); entry != shepherds_.end();) {
    auto& [key, shepherd] = *entry;
    if (!shepherd.ended) {
      parts_.witness.stopped(id_, key);
      // The folder may be in memory, or on a disk: then the agent finds it without its shepherd.
      shepherd.ended = Ended{key, {EndCause::kLost, 0, 0, "the node has restarted"}};
      entry = parts_.chance.one_in(2) ? shepherds_.erase(entry) : std::next(entry);
    } else {
      ++entry;
    }
  }
}

void NodeHost::connect() {
  if (!core_ || stream_ != 0) return;
  stream_ = parts_.network.connect(id_);
  if (stream_ != 0) {
    tell("connects");
    return feed(agent::Connected{});
  }
  later(parts_.chance.between(kReconnectMin, kReconnectMax), [this, agent = agents_] {
    if (agent == agents_) connect();
  });
}

void NodeHost::hear(StreamId stream, const ToAgent& message) {
  if (stream == stream_ && core_) feed(agent::FromScheduler{message});
}

void NodeHost::lose(StreamId stream) {
  if (stream != stream_ || !core_) return;
  stream_ = 0;
  tell("loses the scheduler");
  feed(agent::Disconnected{});
  later(parts_.chance.between(kReconnectMin, kReconnectMax), [this] { connect(); });
}

void NodeHost::later(Millis delay, std::function<void()> action) {
  parts_.agenda.in(delay, [this, boot = boots_, action = std::move(action)] {
    if (boot == boots_) action();
  });
}

void NodeHost::arm() {
  const std::optional<Time> next = core_->next_tick();
  if (!next || (wakes_at_ && *wakes_at_ <= *next)) return;
  wakes_at_ = next;
  later(std::max(Millis{1}, *next - parts_.agenda.now()), [this, at = *next, agent = agents_] {
    if (agent != agents_ || !core_) return;
    if (wakes_at_ == at) wakes_at_.reset();
    std::vector<agent::Output> outputs;
    core_->tick(parts_.agenda.now(), outputs);
    act(std::move(outputs));
    arm();
  });
}

void NodeHost::feed(const agent::Input& input) {
  std::vector<agent::Output> outputs;
  core_->handle(input, parts_.agenda.now(), outputs);
  act(std::move(outputs));
  arm();
}

// ---- what the agent has done ------------------------------------------------------------------

void NodeHost::act(std::vector<agent::Output> outputs) {
  for (const agent::Output& output : outputs) {
    std::visit([this](const auto& one) { act(one); }, output);
  }
}

void NodeHost::act(const agent::Send& output) {
  if (stream_ != 0) parts_.network.tell_scheduler(stream_, output.message);
}

void NodeHost::act(const agent::SpawnShepherd& output) {
  const AttemptKey key = output.prepare->key;
  if (!shepherds_.try_emplace(key, Shepherd{.prepare = output.prepare}).second) {
    parts_.witness.breach("a shepherd is spawned twice for job " + std::to_string(key.job.value));
  }
  const PrepareFault fault = std::exchange(prepare_fault_, PrepareFault::kNone);
  const Millis delay = fault == PrepareFault::kSlow ? parts_.chance.between(kSlowMin, kSlowMax)
                                                    : parts_.chance.between(kSpawnMin, kSpawnMax);
  later(delay, [this, key, fault] { get_ready(key, fault); });
}

void NodeHost::get_ready(AttemptKey key, PrepareFault fault) {
  const auto found = shepherds_.find(key);
  if (found == shepherds_.end() || found->second.ended) return;
  if (fault == PrepareFault::kNone || fault == PrepareFault::kSlow) {
    found->second.is_ready = true;
    tell("is ready for " + text_of(key));
    parts_.witness.ready(id_, key);
    if (core_) feed(agent::ShepherdReady{key, true, false, {}, "sim:1"});
    return;
  }
  shepherds_.erase(found);
  const bool node_fault = fault == PrepareFault::kNodeFault;
  if (core_) feed(agent::ShepherdReady{key, false, node_fault, "it cannot be prepared", {}});
}

void NodeHost::act(const agent::StartShepherd& output) {
  const auto found = shepherds_.find(output.key);
  if (found == shepherds_.end() || found->second.ended || found->second.started) return;
  Shepherd& shepherd = found->second;
  shepherd.started = parts_.agenda.now();
  tell("starts " + text_of(output.key));
  parts_.witness.started(id_, *shepherd.prepare);
  if (shepherd.prepare->this_node != 0) return;
  later(run_time(*shepherd.prepare), [this, key = output.key] {
    const std::int32_t code = parts_.chance.one_in(kFailsOneIn) ? 1 : 0;
    finish_script(key, {EndCause::kExited, code, 0, {}});
  });
}

void NodeHost::act(const agent::StopShepherd& output) {
  const Millis obeys = parts_.chance.between(Millis{0}, output.grace);
  later(obeys, [this, key = output.key] { end_shepherd(key, {EndCause::kStopped, 0, 15, {}}); });
}

void NodeHost::finish_script(AttemptKey key, ExitStatus exit) {
  const auto found = shepherds_.find(key);
  if (found != shepherds_.end() && found->second.suspended) {
    found->second.due = std::move(exit);
  } else {
    end_shepherd(key, std::move(exit));
  }
}

void NodeHost::act(const agent::SuspendShepherd& output) {
  const auto found = shepherds_.find(output.key);
  if (found == shepherds_.end() || found->second.ended) return;
  found->second.suspended = output.suspended;
  tell((output.suspended ? "suspends " : "goes on with ") + text_of(output.key));
  if (!output.suspended && found->second.due) end_shepherd(output.key, *found->second.due);
}

void NodeHost::act(const agent::SignalShepherd& output) {
  tell("signals " + text_of(output.key));
  if (!shepherds_.contains(output.key)) {
    parts_.witness.breach("a signal for a job that the node does not have, " +
                          std::to_string(output.key.job.value));
  }
}

void NodeHost::end_shepherd(AttemptKey key, ExitStatus exit) {
  const auto found = shepherds_.find(key);
  if (found == shepherds_.end() || found->second.ended) return;
  Shepherd& shepherd = found->second;
  const Time now = parts_.agenda.now();
  shepherd.ended = Ended{key, std::move(exit), now - shepherd.started.value_or(now), 1};
  tell("ends " + text_of(key));
  parts_.witness.stopped(id_, key);
  if (core_) feed(agent::ShepherdEnded{*shepherd.ended});
}

void NodeHost::act(const agent::RemoveAttempt& output) {
  tell("forgets " + text_of(output.key));
  const auto found = shepherds_.find(output.key);
  if (found == shepherds_.end()) return;
  if (found->second.is_ready && !found->second.ended) {
    parts_.witness.breach("the folder of a live shepherd is removed, of job " +
                          std::to_string(output.key.job.value));
  }
  shepherds_.erase(found);
}

void NodeHost::act(const agent::RememberCluster& output) {
  cluster_uuid_ = output.cluster_uuid;
  epoch_ = output.epoch;
}

void NodeHost::act(const agent::LeaveScheduler& output) {
  parts_.witness.breach("an agent leaves the scheduler: " + output.reason);
}

}  // namespace usine::sim
