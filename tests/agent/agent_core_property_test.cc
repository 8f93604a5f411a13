// The agent's core in any order of events: a scheduler that keeps its promises, shepherds that
// obey, streams and processes that break at any moment. What must hold whatever happens is checked
// at each output, and in the end nothing may be left.
#include <deque>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "agent/core/agent_core.h"
#include "tests/agent/builders.h"

using namespace usine;
using namespace usine::agent;
using namespace usine::test;

namespace {

// kPassed: its prolog has ended well, and there is no shepherd.
enum class Process { kSpawning, kReady, kStarted, kEnded, kPassed };

class World {
 public:
  // In three of four worlds the site has a prolog, an epilog or both.
  explicit World(std::uint64_t seed)
      : random_(seed), scripts_{(seed & 1) != 0 ? Millis{20'000} : Millis{0}, (seed & 2) != 0} {
    restart_agent();
  }

  void step() {
    switch (draw(16)) {
      case 14:
      case 15: return end_one_script();
      case 0: return connect();
      case 1: return draw(4) == 0 ? disconnect() : deliver_to_agent();
      case 2: return draw(8) == 0 ? restart_agent() : deliver_to_scheduler();
      case 3: return draw(8) == 0 ? restart_scheduler() : deliver_to_agent();
      case 4: return draw(4) == 0 ? lose_node() : deliver_to_scheduler();
      case 5: return submit();
      case 6: return cancel_one();
      case 7: return tick();
      case 8:
      case 9: return advance_one_shepherd();
      case 10:
      case 11: return deliver_to_agent();
      case 12: return reach_one();
      default: return deliver_to_scheduler();
    }
  }

  // Everything is cancelled, nothing breaks any more: all of it must come to an end.
  void settle() {
    for (int i = 0; i < 2'000 && !settled(); ++i) {
      connect();
      for (auto& [key, job] : wanted_) cancel(key, job);
      deliver_to_agent();
      deliver_to_scheduler();
      advance_one_shepherd();
      end_one_script();
      tick();
    }
    CHECK(settled());
    CHECK(core_->attempts() == 0);
  }

 private:
  enum class Wanted { kPreparing, kRunning, kStopping };

  std::uint64_t draw(std::uint64_t below) { return random_() % below; }

  [[nodiscard]] bool settled() const {
    return wanted_.empty() && shepherds_.empty() && in_prolog_.empty() && core_->attempts() == 0;
  }

  // ---- the agent --------------------------------------------------------------------------------

  void restart_agent() {
    disconnect();
    std::vector<FoundAttempt> found;
    std::erase_if(shepherds_, [this](const auto& one) {
      if (one.second != Process::kPassed) return false;
      in_prolog_.insert(one.first);  // nothing tells the next agent that it need not run again
      return true;
    });
    for (const auto& [key, process] : shepherds_) {
      FoundAttempt one{key, {}, {}};
      if (process == Process::kEnded) one.ended = exited(key);
      if (process == Process::kReady || process == Process::kStarted) one.address = "here:1";
      if (process == Process::kEnded && scripts_.epilog) one.script = SiteScript::kEpilog;
      found.push_back(std::move(one));
    }
    for (const AttemptKey key : in_prolog_) {
      FoundAttempt one{key, {}, {}};
      one.script = SiteScript::kProlog;
      found.push_back(std::move(one));
    }
    core_.emplace(
        Identity{"node001", "boot-1", cluster_, small_shape(), known_epoch_, {}, scripts_},
        std::move(found));
    started_.clear();
    running_.clear();
    std::vector<Output> out;
    core_->take_up(out);
    for (const Output& output : out) {
      std::visit([this](const auto& kind) { on(kind); }, output);
    }
  }

  void end_one_script() {
    if (running_.empty()) return;
    const auto one =
        std::next(running_.begin(), static_cast<std::ptrdiff_t>(draw(running_.size())));
    const auto [key, which] = *one;
    running_.erase(one);
    const bool ok = draw(5) != 0;
    if (which == SiteScript::kProlog) {
      in_prolog_.erase(key);
      shepherds_[key] = ok ? Process::kPassed : Process::kEnded;
    }
    feed(ScriptEnded{key, which, ok ? "" : "it failed"});
  }

  void feed(const Input& input) {
    std::vector<Output> out;
    core_->handle(input, now_, out);
    for (const Output& output : out) {
      std::visit([this](const auto& kind) { on(kind); }, output);
    }
  }

  void tick() {
    now_ += Millis{static_cast<std::int64_t>(draw(8'000))};
    std::vector<Output> out;
    core_->tick(now_, out);
    for (const Output& output : out) {
      std::visit([this](const auto& kind) { on(kind); }, output);
    }
  }

  void on(const Send& output) {
    CHECK(connected_);
    if (const auto* ended = std::get_if<Ended>(&output.message)) {
      const auto found = shepherds_.find(ended->key);
      CHECK_MESSAGE((found == shepherds_.end() || found->second == Process::kEnded ||
                     found->second == Process::kPassed),
                    "an end is told of what still runs");
      const bool clearing_up = running_.count({ended->key, SiteScript::kEpilog}) != 0;
      if (!ended->epilog.runs)
        CHECK_MESSAGE(!clearing_up, "the last word comes before the epilog's end");
    }
    to_scheduler_.push_back(output.message);
  }
  void on(const RunScript& output) {
    const AttemptKey key = output.key;
    CHECK_MESSAGE(running_.emplace(key, output.which).second, "a script runs twice at once");
    if (output.which == SiteScript::kProlog) {
      CHECK(scripts_.prolog());
      CHECK_MESSAGE(!shepherds_.contains(key), "a prolog runs beside the shepherd");
      in_prolog_.insert(key);
    } else {
      CHECK(scripts_.epilog);
      if (in_prolog_.erase(key) > 0) shepherds_[key] = Process::kEnded;  // cut off, not run again
      CHECK(running_.count({key, SiteScript::kProlog}) == 0);
      const auto found = shepherds_.find(key);
      CHECK_MESSAGE((found == shepherds_.end() || found->second == Process::kEnded ||
                     found->second == Process::kPassed),
                    "an epilog runs beside the shepherd");
      if (found != shepherds_.end()) found->second = Process::kEnded;
    }
  }
  void on(const SpawnShepherd& output) {
    const AttemptKey key = output.key;
    const auto before = shepherds_.find(key);
    CHECK_MESSAGE((before == shepherds_.end() || before->second == Process::kPassed),
                  "an attempt is spawned twice");
    // One that is an orphan itself, and does not know it yet, is spawned and never started.
    for (const auto& [other, process] : shepherds_) {
      CHECK_MESSAGE((process == Process::kEnded || process == Process::kPassed ||
                     !given_up_.contains(other) || given_up_.contains(key)),
                    "a shepherd is spawned beside an orphan");
    }
    shepherds_[key] = Process::kSpawning;
  }
  void on(const StartShepherd& output) {
    CHECK_MESSAGE(started_.insert(output.key).second, "an attempt is started twice");
    Process& process = shepherds_.at(output.key);
    if (process == Process::kReady) process = Process::kStarted;
  }
  void on(const StopShepherd& output) {
    CHECK(shepherds_.contains(output.key));
    stopping_.insert(output.key);
  }
  // Neither reaches one that has no processes yet, nor one that the agent has been told to stop.
  void on(const SignalShepherd& output) { check_reaches(output.key); }
  void on(const SuspendShepherd& output) { check_reaches(output.key); }
  void check_reaches(AttemptKey key) {
    REQUIRE(shepherds_.contains(key));
    CHECK(started_.contains(key));
    CHECK_FALSE(stopping_.contains(key));
  }
  void on(const RemoveAttempt& output) {
    CHECK(running_.count({output.key, SiteScript::kProlog}) == 0);
    in_prolog_.erase(output.key);  // cut off and not run again
    CHECK(running_.count({output.key, SiteScript::kEpilog}) == 0);
    const auto found = shepherds_.find(output.key);
    if (found == shepherds_.end()) return;
    CHECK_MESSAGE((found->second == Process::kEnded || found->second == Process::kPassed),
                  "the folder of a live shepherd is removed");
    shepherds_.erase(found);
    stopping_.erase(output.key);
  }
  void on(const RememberCluster& output) {
    cluster_ = output.cluster_uuid;
    known_epoch_ = output.epoch;
  }
  void on(const LeaveScheduler&) { FAIL("the scheduler is the only one"); }

  void advance_one_shepherd() {
    if (shepherds_.empty()) return;
    auto found =
        std::next(shepherds_.begin(), static_cast<std::ptrdiff_t>(draw(shepherds_.size())));
    const AttemptKey key = found->first;
    if (found->second == Process::kSpawning) {
      const bool ok = draw(5) != 0;
      found->second = ok ? Process::kReady : Process::kEnded;
      feed(ShepherdReady{key, ok, !ok, ok ? "" : "no room", ok ? "here:1" : ""});
    } else if (found->second == Process::kStarted || stopping_.contains(key)) {
      if (found->second == Process::kEnded) return;
      found->second = Process::kEnded;
      feed(ShepherdEnded{exited(key)});
    }
  }

  // ---- the stream -------------------------------------------------------------------------------

  void connect() {
    if (connected_) return;
    connected_ = true;
    feed(Connected{});
  }

  void disconnect() {
    to_agent_.clear();
    to_scheduler_.clear();
    joined_ = false;
    if (std::exchange(connected_, false)) feed(Disconnected{});
  }

  void deliver_to_agent() {
    if (to_agent_.empty()) return;
    const ToAgent message = std::move(to_agent_.front());
    to_agent_.pop_front();
    feed(FromScheduler{message});
  }

  void deliver_to_scheduler() {
    if (to_scheduler_.empty()) return;
    const FromAgent message = std::move(to_scheduler_.front());
    to_scheduler_.pop_front();
    std::visit([this](const auto& kind) { take(kind); }, message);
  }

  // ---- the scheduler ----------------------------------------------------------------------------

  void restart_scheduler() {
    disconnect();
    epoch_ = Epoch{epoch_.value + 1};
  }

  // Its lease has ended: what ran there is lost and placed elsewhere.
  void lose_node() {
    disconnect();
    for (const auto& [key, job] : wanted_) given_up_.insert(key);
    wanted_.clear();
  }

  void submit() {
    if (!joined_ || wanted_.size() >= 4) return;
    // Now and then the next attempt of a job that has run before (B41).
    const AttemptKey key = test::key(draw(6), ++attempts_);
    wanted_[key] = Wanted::kPreparing;
    to_agent_.emplace_back(prepare(key, epoch_.value));
  }

  void reach_one() {
    if (wanted_.empty() || !joined_) return;
    const auto found =
        std::next(wanted_.begin(), static_cast<std::ptrdiff_t>(draw(wanted_.size())));
    if (found->second != Wanted::kRunning) return;
    to_agent_.emplace_back(Signal{found->first, epoch_, ++signals_, {10, SignalTarget::kSteps}});
    to_agent_.emplace_back(Suspend{found->first, epoch_, draw(2) == 0});
  }

  void cancel_one() {
    if (wanted_.empty()) return;
    auto found = std::next(wanted_.begin(), static_cast<std::ptrdiff_t>(draw(wanted_.size())));
    cancel(found->first, found->second);
  }

  void cancel(AttemptKey key, Wanted& job) {
    if (std::exchange(job, Wanted::kStopping) == Wanted::kStopping || !joined_) return;
    to_agent_.emplace_back(Stop{key, epoch_, Millis{static_cast<std::int64_t>(draw(2) * 5'000)}});
  }

  void take(const Hello& hello) {
    Welcome answer = welcome({}, epoch_.value);
    joined_ = true;
    for (const AttemptKey key : hello.attempts) {
      if (wanted_.contains(key)) {
        answer.keep.push_back(key);
      } else {
        joined_ = false;
      }
    }
    to_agent_.emplace_back(answer);
    if (!joined_) return;
    for (const auto& [key, job] : wanted_) {
      if (job == Wanted::kPreparing) to_agent_.emplace_back(prepare(key, epoch_.value));
      if (job == Wanted::kRunning) to_agent_.emplace_back(Start{key, epoch_, {"here:1"}});
      if (job == Wanted::kStopping) to_agent_.emplace_back(Stop{key, epoch_, Millis{0}});
    }
  }
  void take(const Heartbeat&) {}
  void take(const Prepared& report) {
    if (!report.ok && report.epilog.runs) return;
    if (!report.ok) {
      wanted_.erase(report.key);
      to_agent_.emplace_back(Forget{report.key, epoch_});
      return;
    }
    const auto found = wanted_.find(report.key);
    if (found == wanted_.end() || found->second != Wanted::kPreparing) return;
    found->second = Wanted::kRunning;
    if (joined_) to_agent_.emplace_back(Start{report.key, epoch_, {"here:1"}});
  }
  void take(const Ended& report) {
    if (report.epilog.runs) return;
    wanted_.erase(report.key);
    to_agent_.emplace_back(Forget{report.key, epoch_});
  }

  std::mt19937_64 random_;
  SiteScripts scripts_;
  std::set<AttemptKey> in_prolog_;                       // in the folders
  std::set<std::pair<AttemptKey, SiteScript>> running_;  // under the agent that runs now
  Time now_{Millis{1}};
  std::optional<AgentCore> core_;
  std::string cluster_;
  Epoch known_epoch_;
  std::map<AttemptKey, Process> shepherds_;  // folders and the processes behind them
  std::set<AttemptKey> stopping_;
  std::set<AttemptKey> started_;  // by the agent that runs now
  bool connected_ = false;
  std::deque<ToAgent> to_agent_;
  std::deque<FromAgent> to_scheduler_;
  Epoch epoch_{1};
  bool joined_ = false;
  std::map<AttemptKey, Wanted> wanted_;
  std::set<AttemptKey> given_up_;
  std::uint32_t attempts_ = 0;
  std::uint32_t signals_ = 0;
};

}  // namespace

TEST_CASE("whatever breaks in whatever order nothing runs twice and nothing is left") {
  constexpr int kWorlds = 1'000;
  constexpr int kSteps = 600;
  std::random_device entropy;
  for (int i = 0; i < kWorlds; ++i) {
    const std::uint64_t seed = (std::uint64_t{entropy()} << 32) | entropy();
    CAPTURE(seed);
    World world(seed);
    for (int step = 0; step < kSteps; ++step) world.step();
    world.settle();
  }
}
