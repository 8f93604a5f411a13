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
constexpr Millis kScriptMin{1};
constexpr Millis kScriptMax{3'000};
constexpr Millis kScriptHangs{20'000};
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
  std::erase_if(shepherds_, [this](const auto& one) {
    const bool over = one.second.failed && !one.second.script;
    if (over) parts_.witness.left(id_, one.first);
    return over;
  });
  for (auto& [key, shepherd] : shepherds_) {
    shepherd.script_runs = false;
    found.push_back(find(key, shepherd));
  }
  agent::Identity identity{.node_name = parts_.config->nodes[id_.value].name,
                           .boot_id = "boot-" + std::to_string(boots_),
                           .cluster_uuid = cluster_uuid_,
                           .shape = shape_,
                           .epoch = epoch_,
                           .scripts = scripts_};
  core_ = std::make_unique<agent::AgentCore>(std::move(identity), std::move(found));
  std::vector<agent::Output> outputs;
  core_->take_up(outputs);
  act(std::move(outputs));
  connect();
}

// As agent/daemon/found_scripts.h finds it in the folder.
agent::FoundAttempt NodeHost::find(AttemptKey key, const Shepherd& shepherd) const {
  agent::FoundAttempt found{key, shepherd.is_ready ? "sim:1" : "", shepherd.ended};
  found.refused = shepherd.refused;
  found.script = shepherd.script;
  const bool lacks_end = shepherd.script == agent::SiteScript::kEpilog && !shepherd.is_over();
  if (lacks_end) found.ended = Ended{key, {EndCause::kLost, 0, 0, "it did not get ready"}, {}, 0};
  if (shepherd.is_over() && scripts_.epilog && !shepherd.cleared_up) {
    found.script = agent::SiteScript::kEpilog;
  }
  return found;
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
  parts_.witness.lost_power(id_);
  ++boots_;
  for (auto entry = shepherds_.begin(); entry != shepherds_.end();) {
    auto& [key, shepherd] = *entry;
    const bool was_over = shepherd.is_over() && !shepherd.script;
    if (!was_over) lose_power(key, shepherd);
    // The folder may be in memory, or on a disk: then the agent finds it without its shepherd.
    if (was_over || !parts_.chance.one_in(2)) {
      ++entry;
    } else {
      parts_.witness.left(id_, key);
      entry = shepherds_.erase(entry);
    }
  }
}

void NodeHost::lose_power(AttemptKey key, Shepherd& shepherd) {
  ++shepherd.script_run;
  shepherd.script_runs = false;
  if (shepherd.is_over() || shepherd.failed || shepherd.script) return;
  parts_.witness.stopped(id_, key);
  shepherd.ended = Ended{key, {EndCause::kLost, 0, 0, "the node has restarted"}};
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
  check_last_word(output.message);
  if (stream_ != 0) parts_.network.tell_scheduler(stream_, output.message);
}

// With it the attempt's share of the node is free again.
void NodeHost::check_last_word(const FromAgent& message) {
  const auto* const ended = std::get_if<Ended>(&message);
  const auto* const prepared = std::get_if<Prepared>(&message);
  const bool refused = prepared != nullptr && !prepared->ok;
  if (ended == nullptr && !refused) return;
  if (ended != nullptr ? ended->epilog.runs : prepared->epilog.runs) return;
  const AttemptKey key = ended != nullptr ? ended->key : prepared->key;
  const auto found = shepherds_.find(key);
  const bool busy = found != shepherds_.end() &&
                    (found->second.script_runs || (found->second.is_ready && !found->second.ended));
  if (busy) parts_.witness.breach("[B45] the last word on " + text_of(key) + " comes too early");
  parts_.witness.left(id_, key);
}

void NodeHost::act(const agent::SpawnShepherd& output) {
  const AttemptKey key = output.key;
  const bool is_new = shepherds_.try_emplace(key, Shepherd{.prepare = output.prepare}).second;
  if (is_new != (output.prepare != nullptr)) {
    parts_.witness.breach("a shepherd is spawned twice for job " + std::to_string(key.job.value));
  }
  if (is_new) parts_.witness.entered(id_, *output.prepare);
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
  if (scripts_.epilog) {
    found->second.failed = true;
  } else {
    shepherds_.erase(found);
  }
  const bool node_fault = fault == PrepareFault::kNodeFault;
  if (core_) feed(agent::ShepherdReady{key, false, node_fault, "it cannot be prepared", {}});
}

void NodeHost::act(const agent::RunScript& output) {
  const AttemptKey key = output.key;
  if (output.prepare) {
    shepherds_.try_emplace(key, Shepherd{.prepare = output.prepare});
    parts_.witness.entered(id_, *output.prepare);
  }
  Shepherd& shepherd = shepherds_.at(key);
  if (shepherd.script_runs) {
    parts_.witness.breach("[B45] two scripts at once for " + text_of(key));
  }
  const bool alive = shepherd.is_ready && !shepherd.ended;
  if (alive) parts_.witness.breach("[B45] a script beside the processes of " + text_of(key));
  shepherd.script = output.which;
  shepherd.script_runs = true;
  const std::uint64_t run = ++shepherd.script_run;
  const std::string name = std::string(to_string(output.which)) + " of " + text_of(key) + ", run " +
                           std::to_string(run) + " on " + text_of(id_);
  tell("begins the " + name);
  ScriptFault fault = ScriptFault::kNone;
  if (script_fault_.first == output.which) fault = std::exchange(script_fault_.second, fault);
  const Millis length =
      fault == ScriptFault::kHangs ? kScriptHangs : parts_.chance.between(kScriptMin, kScriptMax);
  const std::string failure = fault == ScriptFault::kNone ? "" : name + " failed";
  later(length, [this, key, run, failure] { end_script(key, run, failure); });
}

// Without an agent nobody notes how it ended: the next one runs it again.
void NodeHost::end_script(AttemptKey key, std::uint64_t run, const std::string& failure) {
  const auto found = shepherds_.find(key);
  if (found == shepherds_.end() || found->second.script_run != run || !core_) return;
  Shepherd& shepherd = found->second;
  const agent::SiteScript which = *std::exchange(shepherd.script, std::nullopt);
  shepherd.script_runs = false;
  if (!failure.empty()) parts_.witness.script_failed(id_, failure);
  if (which == agent::SiteScript::kEpilog) {
    shepherd.cleared_up = true;
    if (shepherd.ended) shepherd.ended->epilog.failure = failure;
    if (shepherd.refused) shepherd.refused->epilog.failure = failure;
  } else if (!failure.empty()) {
    shepherd.refused = Prepared{key, false, true, failure, {}, true};
  }
  feed(agent::ScriptEnded{key, which, failure});
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
  parts_.witness.left(id_, output.key);
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
