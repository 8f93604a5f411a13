#include "agent/core/agent_core.h"

#include <algorithm>
#include <set>
#include <utility>

namespace usine::agent {

namespace {

// Of a last word: Ended, or a Prepared that is not ok.
EpilogWord* epilog_in(FromAgent& word) {
  if (auto* ended = std::get_if<Ended>(&word)) return &ended->epilog;
  if (auto* refused = std::get_if<Prepared>(&word)) return &refused->epilog;
  return nullptr;
}

// Whether nobody but this agent knows that the node is not fit for more.
bool accuses_node(FromAgent& word) {
  const auto* const refused = std::get_if<Prepared>(&word);
  return (refused != nullptr && refused->prolog_failed) || !epilog_in(word)->failure.empty();
}

}  // namespace

struct AgentCore::Step {
  Time now;
  std::vector<Output>& out;
};

AgentCore::AgentCore(Identity identity, std::vector<FoundAttempt> found)
    : identity_(std::move(identity)) {
  for (FoundAttempt& one : found) {
    Attempt& attempt = attempts_[one.key];
    // Whether it was started is for its shepherd to know: a Start that comes again goes to it.
    const bool over = one.ended || one.refused;
    attempt.phase = over ? Phase::kEnded : one.address.empty() ? Phase::kSpawning : Phase::kReady;
    if (one.script) {
      attempt.phase = one.script == SiteScript::kProlog ? Phase::kProlog : Phase::kEpilog;
      attempt.cut_off = attempt.phase == Phase::kProlog;
    }
    attempt.address = std::move(one.address);
    if (one.ended) attempt.last_word = *std::move(one.ended);
    if (one.refused) attempt.last_word = *std::move(one.refused);
    if (attempt.phase == Phase::kEpilog) epilog_in(attempt.last_word)->runs = true;
  }
}

void AgentCore::take_up(std::vector<Output>& out) {
  for (const auto& [key, attempt] : attempts_) {
    if (attempt.phase == Phase::kEpilog) out.emplace_back(RunScript{key, SiteScript::kEpilog, {}});
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
  Hello hello{
      identity_.node_name,           identity_.boot_id, identity_.cluster_uuid, identity_.shape, {},
      identity_.scripts.prolog_limit};
  for (auto& [key, attempt] : attempts_) {
    hello.attempts.push_back(key);
    attempt.named = true;
  }
  named_ = hello.attempts;
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
  for (auto entry = attempts_.begin(); entry != attempts_.end();) {
    const auto next = std::next(entry);
    Attempt& attempt = entry->second;
    const bool cut_off = std::exchange(attempt.cut_off, false);
    if (cut_off && keep.contains(entry->first)) {
      step.out.emplace_back(RunScript{entry->first, SiteScript::kProlog, {}});
    } else if (attempt.named && !keep.contains(entry->first)) {
      attempt.orphan = true;
      if (cut_off) {
        clear_up(step, entry, Ended{entry->first, {EndCause::kStopped, 0, 0, ""}, {}, 0});
      } else if (attempt.phase == Phase::kEnded && accuses_node(attempt.last_word)) {
        epilog_in(attempt.last_word)->of_orphan = true;
        send_last_word(step, attempt);
      } else if (attempt.phase == Phase::kEnded || attempt.phase == Phase::kWaiting) {
        remove(step, entry);
      } else {
        stop(step, entry, Millis{0});
      }
    }
    entry = next;
  }
  // Also where it was forgotten meanwhile, on the word that it had ended.
  const bool joined =
      std::ranges::all_of(named_, [&](AttemptKey key) { return keep.contains(key); });
  if (!joined && !has_orphans()) orphans_gone(step);
}

// What the scheduler may have missed while the stream was broken; it ignores what it knows.
void AgentCore::tell_again(Step& step) {
  for (auto& [key, attempt] : attempts_) {
    if (attempt.orphan) continue;
    if (attempt.phase == Phase::kReady) send_prepared(step, key, attempt);
    if (attempt.phase == Phase::kEnded || attempt.phase == Phase::kEpilog) {
      send_last_word(step, attempt);
    }
  }
}

// ---- commands ---------------------------------------------------------------------------------

void AgentCore::obey(Step& step, const Prepare& prepare) {
  if (stale(prepare.epoch)) return;
  const auto [entry, is_new] = attempts_.try_emplace(prepare.key);
  Attempt& attempt = entry->second;
  if (!is_new) {
    if (attempt.orphan) return;
    if (attempt.phase == Phase::kEnded || attempt.phase == Phase::kEpilog) {
      return send_last_word(step, attempt);
    }
    if (!attempt.address.empty()) send_prepared(step, prepare.key, attempt);
    return;
  }
  const JobRequest& request = *prepare.request;
  if (identity_.only_user && identity_.only_user->uid != request.uid) {
    return end(step, entry, refusal(prepare.key, request.user));
  }
  attempt.prepare = std::make_shared<const Prepare>(prepare);
  attempt.phase = Phase::kWaiting;
  if (!has_orphans()) begin(step, prepare.key, attempt);
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
  if (entry == attempts_.end() || entry->second.phase != Phase::kEnded) return;
  const bool last_orphan = entry->second.orphan;
  remove(step, entry);
  if (last_orphan && !has_orphans()) orphans_gone(step);
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
  if (attempt.phase == Phase::kEnded || attempt.phase == Phase::kEpilog) {
    if (!attempt.orphan) send_last_word(step, attempt);
    return;
  }
  if (attempt.stop && *attempt.stop <= grace) return;
  attempt.stop = grace;
  if (attempt.phase == Phase::kWaiting) {
    end(step, entry, Ended{key, {EndCause::kStopped, 0, 0, ""}, {}, 0});
  } else if (attempt.phase != Phase::kSpawning && attempt.phase != Phase::kProlog) {
    step.out.emplace_back(StopShepherd{key, grace});
  }
}

// ---- shepherds --------------------------------------------------------------------------------

void AgentCore::begin(Step& step, AttemptKey key, Attempt& attempt) {
  auto prepare = std::exchange(attempt.prepare, nullptr);
  if (identity_.scripts.prolog()) {
    attempt.phase = Phase::kProlog;
    step.out.emplace_back(RunScript{key, SiteScript::kProlog, std::move(prepare)});
  } else {
    attempt.phase = Phase::kSpawning;
    step.out.emplace_back(SpawnShepherd{key, std::move(prepare)});
  }
}

void AgentCore::take(Step& step, const ShepherdReady& input) {
  const auto entry = attempts_.find(input.key);
  if (entry == attempts_.end() || entry->second.phase != Phase::kSpawning) return;
  Attempt& attempt = entry->second;
  if (!input.ok && attempt.stop) {
    return clear_up(step, entry,
                    Ended{input.key, {EndCause::kStopped, 0, 0, input.message}, {}, 0});
  }
  if (!input.ok) {
    return clear_up(step, entry, Prepared{input.key, false, input.node_fault, input.message, {}});
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
  if (entry == attempts_.end()) return;
  const Phase phase = entry->second.phase;
  if (phase != Phase::kEnded && phase != Phase::kEpilog) clear_up(step, entry, input.report);
}

// ---- the site's scripts -----------------------------------------------------------------------

void AgentCore::take(Step& step, const ScriptEnded& input) {
  const auto entry = attempts_.find(input.key);
  if (entry == attempts_.end()) return;
  Attempt& attempt = entry->second;
  if (attempt.phase == Phase::kProlog && input.which == SiteScript::kProlog) {
    prolog_ended(step, entry, input.failure);
  } else if (attempt.phase == Phase::kEpilog && input.which == SiteScript::kEpilog) {
    epilog_in(attempt.last_word)->failure = input.failure;
    end(step, entry, std::move(attempt.last_word));
  }
}

// A prolog is never cut short: what it has half done nobody could undo.
void AgentCore::prolog_ended(Step& step, Entry entry, const std::string& failure) {
  auto& [key, attempt] = *entry;
  if (!failure.empty()) {
    clear_up(step, entry, Prepared{key, false, true, failure, {}, true});
  } else if (attempt.stop) {
    clear_up(step, entry, Ended{key, {EndCause::kStopped, 0, 0, ""}, {}, 0});
  } else {
    attempt.phase = Phase::kSpawning;
    step.out.emplace_back(SpawnShepherd{key, nullptr});
  }
}

// Nothing of the attempt runs any more. The scheduler hears it at once, so that the job's other
// nodes end too; the share is free with the last word, after the epilog.
void AgentCore::clear_up(Step& step, Entry entry, FromAgent last_word) {
  if (!identity_.scripts.epilog) return end(step, entry, std::move(last_word));
  auto& [key, attempt] = *entry;
  attempt.phase = Phase::kEpilog;
  attempt.last_word = std::move(last_word);
  epilog_in(attempt.last_word)->runs = true;
  if (!attempt.orphan) send_last_word(step, attempt);
  step.out.emplace_back(RunScript{key, SiteScript::kEpilog, {}});
}

void AgentCore::end(Step& step, Entry entry, FromAgent last_word) {
  Attempt& attempt = entry->second;
  attempt.phase = Phase::kEnded;
  attempt.prepare = nullptr;
  attempt.last_word = std::move(last_word);
  EpilogWord& epilog = *epilog_in(attempt.last_word);
  epilog.runs = false;
  epilog.of_orphan = attempt.orphan;
  if (!attempt.orphan || accuses_node(attempt.last_word)) return send_last_word(step, attempt);
  remove(step, entry);
  if (!has_orphans()) orphans_gone(step);
}

// The node is clean: it asks again to join, and what waited for the room starts.
void AgentCore::orphans_gone(Step& step) {
  if (welcomed_) say_hello(step);
  for (auto& [key, attempt] : attempts_) {
    if (attempt.phase == Phase::kWaiting) begin(step, key, attempt);
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
