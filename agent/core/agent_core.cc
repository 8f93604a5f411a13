#include "agent/core/agent_core.h"

#include <algorithm>
#include <set>
#include <utility>

namespace usine::agent {

struct AgentCore::Step {
  Time now;
  std::vector<Output>& out;
};

AgentCore::AgentCore(Identity identity, std::vector<FoundAttempt> found)
    : identity_(std::move(identity)) {
  for (FoundAttempt& one : found) {
    Attempt& attempt = attempts_[one.key];
    // Whether it was started is for its shepherd to know: a Start that comes again goes to it.
    attempt.phase = one.ended             ? Phase::kEnded
                    : one.address.empty() ? Phase::kSpawning
                                          : Phase::kReady;
    attempt.address = std::move(one.address);
    if (one.ended) attempt.last_word = *std::move(one.ended);
  }
}

void AgentCore::handle(const Input& input, Time now, std::vector<Output>& out) {
  Step step{now, out};
  std::visit([&](const auto& kind) { take(step, kind); }, input);
}

void AgentCore::tick(Time now, std::vector<Output>& out) {
  if (!welcomed_) return;
  Step step{now, out};
  if (now >= next_heartbeat_) {
    out.emplace_back(Send{Heartbeat{}});
    next_heartbeat_ = now + heartbeat_;
  }
  for (auto& [key, attempt] : attempts_) {
    if (attempt.phase == Phase::kEnded && now >= attempt.send_again) send_last_word(step, attempt);
  }
}

std::optional<Time> AgentCore::next_tick() const {
  if (!welcomed_) return std::nullopt;
  Time next = next_heartbeat_;
  for (const auto& [key, attempt] : attempts_) {
    if (attempt.phase == Phase::kEnded) next = std::min(next, attempt.send_again);
  }
  return next;
}

// ---- the stream -------------------------------------------------------------------------------

void AgentCore::take(Step& step, const Connected&) {
  connected_ = true;
  welcomed_ = false;
  say_hello(step);
}

void AgentCore::take(Step&, const Disconnected&) {
  connected_ = false;
  welcomed_ = false;
}

void AgentCore::take(Step& step, const FromScheduler& input) {
  if (!connected_) return;  // the rest of a stream that has broken
  std::visit([&](const auto& message) { obey(step, message); }, input.message);
}

void AgentCore::say_hello(Step& step) {
  Hello hello{identity_.node_name, identity_.boot_id, identity_.cluster_uuid, identity_.shape, {}};
  for (auto& [key, attempt] : attempts_) {
    hello.attempts.push_back(key);
    attempt.named = true;
  }
  step.out.emplace_back(Send{std::move(hello)});
}

void AgentCore::obey(Step& step, const Welcome& welcome) {
  if (!identity_.cluster_uuid.empty() && welcome.cluster_uuid != identity_.cluster_uuid) {
    step.out.emplace_back(LeaveScheduler{"this node belongs to cluster " + identity_.cluster_uuid +
                                         ", the scheduler to " + welcome.cluster_uuid +
                                         ": to move the node, end its agent and remove the file"
                                         " 'cluster' from its state folder"});
    return;
  }
  if (welcome.epoch < identity_.epoch) {
    step.out.emplace_back(LeaveScheduler{"a newer scheduler has taken over: epoch " +
                                         std::to_string(identity_.epoch.value) + ", not " +
                                         std::to_string(welcome.epoch.value)});
    return;
  }
  if (identity_.cluster_uuid.empty() || identity_.epoch < welcome.epoch) {
    identity_.cluster_uuid = welcome.cluster_uuid;
    identity_.epoch = welcome.epoch;
    step.out.emplace_back(RememberCluster{identity_.cluster_uuid, identity_.epoch});
  }
  welcomed_ = true;
  heartbeat_ = welcome.heartbeat;
  next_heartbeat_ = step.now + heartbeat_;
  judge(step, welcome);
  tell_again(step);
}

// Ends what the scheduler does not keep. An attempt that came after the Hello is none of this
// Welcome's business: the scheduler had not been told of it.
void AgentCore::judge(Step& step, const Welcome& welcome) {
  const std::set<AttemptKey> keep(welcome.keep.begin(), welcome.keep.end());
  bool removed = false;
  for (auto entry = attempts_.begin(); entry != attempts_.end();) {
    const auto next = std::next(entry);
    Attempt& attempt = entry->second;
    if (attempt.named && !keep.contains(entry->first)) {
      attempt.orphan = true;
      if (attempt.phase == Phase::kEnded || attempt.phase == Phase::kWaiting) {
        remove(step, entry);
        removed = true;
      } else {
        stop(step, entry, Millis{0});
      }
    }
    entry = next;
  }
  if (removed && !has_orphans()) orphans_gone(step);
}

// What the scheduler may have missed while the stream was broken; it ignores what it knows.
void AgentCore::tell_again(Step& step) {
  for (auto& [key, attempt] : attempts_) {
    if (attempt.orphan) continue;
    if (attempt.phase == Phase::kReady) send_prepared(step, key, attempt);
    if (attempt.phase == Phase::kEnded) send_last_word(step, attempt);
  }
}

// ---- commands ---------------------------------------------------------------------------------

void AgentCore::obey(Step& step, const Prepare& prepare) {
  if (stale(prepare.epoch)) return;
  const auto [entry, is_new] = attempts_.try_emplace(prepare.key);
  Attempt& attempt = entry->second;
  if (!is_new) {
    if (attempt.orphan) return;
    if (attempt.phase == Phase::kEnded) return send_last_word(step, attempt);
    if (!attempt.address.empty()) send_prepared(step, prepare.key, attempt);
    return;
  }
  const JobRequest& request = *prepare.request;
  if (identity_.only_user && identity_.only_user->uid != request.uid) {
    return end(step, entry, refusal(prepare.key, request.user));
  }
  attempt.prepare = std::make_shared<const Prepare>(prepare);
  attempt.phase = Phase::kWaiting;
  if (!has_orphans()) spawn(step, attempt);
}

Prepared AgentCore::refusal(AttemptKey key, const std::string& owner) const {
  const std::string& own = identity_.only_user->name;
  return {key,
          false,
          false,
          "the agent runs as user " + own + " and not as root, so that it starts only jobs of " +
              own + " and none of " + owner + ": have the operators run it as root",
          {}};
}

void AgentCore::obey(Step& step, const Start& start) {
  if (stale(start.epoch)) return;
  const auto entry = attempts_.find(start.key);
  if (entry == attempts_.end()) {
    step.out.emplace_back(Send{Ended{
        start.key, {EndCause::kLost, 0, 0, "the node no longer has what it had prepared"}, {}, 0}});
    return;
  }
  Attempt& attempt = entry->second;
  if (attempt.orphan || attempt.stop || attempt.phase != Phase::kReady) return;
  attempt.phase = Phase::kStarted;
  step.out.emplace_back(StartShepherd{start.key, start.peers});
}

void AgentCore::obey(Step& step, const Stop& order) {
  if (stale(order.epoch)) return;
  const auto entry = attempts_.find(order.key);
  if (entry == attempts_.end()) {
    step.out.emplace_back(
        Send{Ended{order.key, {EndCause::kStopped, 0, 0, "nothing of it ran"}, {}, 0}});
    return;
  }
  if (!entry->second.orphan) stop(step, entry, order.grace);
}

void AgentCore::obey(Step& step, const Forget& forget) {
  if (stale(forget.epoch)) return;
  const auto entry = attempts_.find(forget.key);
  if (entry != attempts_.end() && entry->second.phase == Phase::kEnded) remove(step, entry);
}

void AgentCore::obey(Step& step, const Signal& signal) {
  if (stale(signal.epoch) || !runs(signal.key)) return;
  step.out.emplace_back(SignalShepherd{signal.key, signal.number, signal.what});
}

void AgentCore::obey(Step& step, const Suspend& suspend) {
  if (stale(suspend.epoch) || !runs(suspend.key)) return;
  step.out.emplace_back(SuspendShepherd{suspend.key, suspend.suspended});
}

void AgentCore::stop(Step& step, Entry entry, Millis grace) {
  auto& [key, attempt] = *entry;
  if (attempt.phase == Phase::kEnded) return send_last_word(step, attempt);
  if (attempt.stop && *attempt.stop <= grace) return;
  attempt.stop = grace;
  if (attempt.phase == Phase::kWaiting) {
    end(step, entry, Ended{key, {EndCause::kStopped, 0, 0, ""}, {}, 0});
  } else if (attempt.phase != Phase::kSpawning) {
    step.out.emplace_back(StopShepherd{key, grace});
  }
}

// ---- shepherds --------------------------------------------------------------------------------

void AgentCore::spawn(Step& step, Attempt& attempt) {
  attempt.phase = Phase::kSpawning;
  step.out.emplace_back(SpawnShepherd{std::exchange(attempt.prepare, nullptr)});
}

void AgentCore::take(Step& step, const ShepherdReady& input) {
  const auto entry = attempts_.find(input.key);
  if (entry == attempts_.end() || entry->second.phase != Phase::kSpawning) return;
  Attempt& attempt = entry->second;
  if (!input.ok && attempt.stop) {
    return end(step, entry, Ended{input.key, {EndCause::kStopped, 0, 0, input.message}, {}, 0});
  }
  if (!input.ok) {
    return end(step, entry, Prepared{input.key, false, input.node_fault, input.message, {}});
  }
  attempt.phase = Phase::kReady;
  attempt.address = input.address;
  if (attempt.stop) {
    step.out.emplace_back(StopShepherd{input.key, *attempt.stop});
  } else {
    send_prepared(step, input.key, attempt);
  }
}

void AgentCore::take(Step& step, const ShepherdEnded& input) {
  const auto entry = attempts_.find(input.report.key);
  if (entry == attempts_.end() || entry->second.phase == Phase::kEnded) return;
  end(step, entry, input.report);
}

void AgentCore::end(Step& step, Entry entry, FromAgent last_word) {
  Attempt& attempt = entry->second;
  attempt.phase = Phase::kEnded;
  attempt.prepare = nullptr;
  attempt.last_word = std::move(last_word);
  if (!attempt.orphan) return send_last_word(step, attempt);
  remove(step, entry);
  if (!has_orphans()) orphans_gone(step);
}

// The node is clean: it asks again to join, and what waited for the room starts.
void AgentCore::orphans_gone(Step& step) {
  if (welcomed_) say_hello(step);
  for (auto& [key, attempt] : attempts_) {
    if (attempt.phase == Phase::kWaiting) spawn(step, attempt);
  }
}

// ---- small parts ------------------------------------------------------------------------------

bool AgentCore::runs(AttemptKey key) const {
  const auto entry = attempts_.find(key);
  if (entry == attempts_.end()) return false;
  const Attempt& attempt = entry->second;
  return attempt.phase == Phase::kStarted && !attempt.orphan && !attempt.stop;
}

bool AgentCore::has_orphans() const {
  return std::ranges::any_of(attempts_, [](const auto& one) { return one.second.orphan; });
}

void AgentCore::send_prepared(Step& step, AttemptKey key, const Attempt& attempt) {
  if (welcomed_) step.out.emplace_back(Send{Prepared{key, true, false, {}, attempt.address}});
}

void AgentCore::send_last_word(Step& step, Attempt& attempt) {
  if (!welcomed_) return;
  step.out.emplace_back(Send{attempt.last_word});
  attempt.send_again = step.now + kEndedAgain;
}

void AgentCore::remove(Step& step, Entry entry) {
  step.out.emplace_back(RemoveAttempt{entry->first});
  attempts_.erase(entry);
}

}  // namespace usine::agent
