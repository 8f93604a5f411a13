// The agent's brain: what the scheduler says, what shepherds report and what time does to it go in;
// what to spawn, tell and send comes out. It owns the list of this node's attempts and does nothing
// itself, so that the simulator runs it unchanged. Owned by the agent's one loop thread; pure.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "agent/core/site_script.h"
#include "common/ids.h"
#include "common/time.h"
#include "model/agent_messages.h"
#include "topology/node_shape.h"

namespace usine::agent {

// ---- what comes in ----------------------------------------------------------------------------

struct Connected {};  // a stream to the scheduler stands
struct Disconnected {};

struct FromScheduler {
  ToAgent message;
};

// A shepherd is ready (or, ok = false, could not be: message and node_fault say why).
struct ShepherdReady {
  AttemptKey key;
  bool ok = true;
  bool node_fault = false;
  std::string message;
  std::string address;
};

// A shepherd has ended, and its end record is on disk.
struct ShepherdEnded {
  Ended report;
};

// What the agent found on this node when it started.
struct FoundAttempt {
  AttemptKey key;
  std::string address;                   // of its live shepherd; empty where it is not ready yet
  std::optional<Ended> ended;            // or the record of its end
  std::optional<Prepared> refused = {};  // or that its prolog failed, which is its end as well
  // The site's script that was cut off by the end of the agent before, or has not begun yet.
  std::optional<SiteScript> script = {};
};

using Input =
    std::variant<Connected, Disconnected, FromScheduler, ShepherdReady, ShepherdEnded, ScriptEnded>;

// ---- what comes out ---------------------------------------------------------------------------

struct Send {
  FromAgent message;
};
struct SpawnShepherd {
  AttemptKey key;
  std::shared_ptr<const Prepare> prepare;  // null: the attempt's folder has it
};
// ScriptEnded follows. May come again after a restart of the agent: what is left of an earlier run
// is ended first.
struct RunScript {
  AttemptKey key;
  SiteScript which = SiteScript::kProlog;
  std::shared_ptr<const Prepare> prepare;  // null: the attempt's folder has it
};
// May come again after a restart of the agent: the shepherd does nothing the second time.
struct StartShepherd {
  AttemptKey key;
  std::vector<std::string> peers;
};
struct StopShepherd {
  AttemptKey key;
  Millis grace{0};
};
struct SignalShepherd {
  AttemptKey key;
  std::uint32_t number = 0;
  SignalRequest what;
};
struct SuspendShepherd {
  AttemptKey key;
  bool suspended = false;
};
struct RemoveAttempt {  // forget it and remove its folder
  AttemptKey key;
};
// This agent belongs to that cluster from now on, also after its next restart.
struct RememberCluster {
  std::string cluster_uuid;
  Epoch epoch;
};
// The scheduler at the other end is not ours: end the stream and try again later.
struct LeaveScheduler {
  std::string reason;
};

using Output =
    std::variant<Send, SpawnShepherd, StartShepherd, StopShepherd, RemoveAttempt, RememberCluster,
                 LeaveScheduler, SignalShepherd, SuspendShepherd, RunScript>;

// The user as which an agent without root's rights runs.
struct OwnUser {
  std::uint32_t uid = 0;
  std::string name;
};

// Who this agent is.
struct Identity {
  std::string node_name;
  std::string boot_id;
  std::string cluster_uuid;  // empty: never joined
  std::shared_ptr<const NodeShape> shape;
  Epoch epoch{};  // the newest that was remembered: no older scheduler is obeyed
  std::optional<OwnUser> only_user{};  // nobody else's jobs can be started as their owner
  SiteScripts scripts{};
};

// How long the end of an attempt waits for Forget before it is told again.
inline constexpr Millis kEndedAgain{5'000};

class AgentCore {
 public:
  AgentCore(Identity identity, std::vector<FoundAttempt> found);

  // Once, before anything else: goes on with the epilogs that an earlier agent left. A prolog is
  // run again once the scheduler has said that it keeps the attempt, whose place others may have by
  // now.
  void take_up(std::vector<Output>& out);

  // Takes one input; outputs are appended in the order in which they must be done.
  void handle(const Input& input, Time now, std::vector<Output>& out);

  // What time asks for: heartbeats, and ends again where no Forget has come.
  void tick(Time now, std::vector<Output>& out);
  // None while the scheduler is out of reach or has not said Welcome: time then asks for nothing.
  [[nodiscard]] std::optional<Time> next_tick() const;

  [[nodiscard]] const std::string& cluster_uuid() const { return identity_.cluster_uuid; }
  [[nodiscard]] std::size_t attempts() const { return attempts_.size(); }

 private:
  enum class Phase : std::uint8_t {
    kWaiting,   // for orphans to be gone; no shepherd yet
    kProlog,    // the site's prolog runs; no shepherd yet
    kSpawning,  // its shepherd is getting ready
    kReady,
    kStarted,
    kEpilog,  // none of its processes is left; the site's epilog runs
    kEnded,
  };
  struct Attempt {
    Phase phase = Phase::kSpawning;
    bool named = false;          // in the last Hello, so that the Welcome after it decides on it
    bool cut_off = false;        // its prolog was, with the agent before: nothing of it runs now
    bool orphan = false;         // the scheduler does not keep it: it is being ended
    std::optional<Millis> stop;  // the shortest grace asked for so far
    std::shared_ptr<const Prepare> prepare{};  // while waiting
    std::string address{};
    // Since its processes have ended: what the scheduler is told until it says Forget, Ended or a
    // Prepared that is not ok.
    FromAgent last_word{};
    Time send_again{};
  };
  using Entry = std::map<AttemptKey, Attempt>::iterator;
  struct Step;  // one input being handled: the time and where outputs go

  void take(Step& step, const Connected& input);
  void take(Step& step, const Disconnected& input);
  void take(Step& step, const FromScheduler& input);
  void take(Step& step, const ShepherdReady& input);
  void take(Step& step, const ShepherdEnded& input);
  void take(Step& step, const ScriptEnded& input);

  void obey(Step& step, const Welcome& welcome);
  void obey(Step& step, const Prepare& prepare);
  void obey(Step& step, const Start& start);
  void obey(Step& step, const Stop& stop);
  void obey(Step& step, const Forget& forget);
  void obey(Step& step, const Signal& signal);
  void obey(Step& step, const Suspend& suspend);

  [[nodiscard]] bool stale(Epoch epoch) const { return !welcomed_ || epoch < identity_.epoch; }
  [[nodiscard]] bool has_orphans() const;
  [[nodiscard]] bool runs(AttemptKey key) const;
  // What is answered to a job of another than the agent's own user.
  [[nodiscard]] Prepared refusal(AttemptKey key, const std::string& owner) const;

  void say_hello(Step& step);
  void judge(Step& step, const Welcome& welcome);
  void tell_again(Step& step);
  void orphans_gone(Step& step);
  void begin(Step& step, AttemptKey key, Attempt& attempt);
  void prolog_ended(Step& step, Entry entry, const std::string& failure);
  void stop(Step& step, Entry entry, Millis grace);
  void clear_up(Step& step, Entry entry, FromAgent last_word);
  void end(Step& step, Entry entry, FromAgent last_word);
  void send_prepared(Step& step, AttemptKey key, const Attempt& attempt);
  void send_last_word(Step& step, Attempt& attempt);
  void remove(Step& step, Entry entry);

  Identity identity_;
  std::map<AttemptKey, Attempt> attempts_;
  std::vector<AttemptKey> named_;  // in the last Hello: the node has joined where all are kept
  bool connected_ = false;
  bool welcomed_ = false;  // on this stream
  Millis heartbeat_{0};
  Time next_heartbeat_;
};

}  // namespace usine::agent
