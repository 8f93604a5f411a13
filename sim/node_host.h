// One node in a simulation: the production agent core, and shepherds that are simulated and outlive
// the agent. A job's script is a wait of as many milliseconds as its first argument says.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "agent/core/agent_core.h"
#include "sim/scheduler_host.h"

namespace usine::sim {

// How the next preparation on a node goes.
enum class PrepareFault : std::uint8_t {
  kNone = 0,
  kSlow = 1,       // takes about as long as the scheduler waits, or longer
  kRefused = 2,    // by the job's fault
  kNodeFault = 3,  // by the node's fault
};

// How the next run of a script of the site goes.
enum class ScriptFault : std::uint8_t { kNone = 0, kFails = 1, kHangs = 2 };

class NodeHost {
 public:
  NodeHost(SimulationParts parts, NodeId id);

  // Before its agent starts: the site has these. They take long at times, up to the limit.
  void have_scripts(const agent::SiteScripts& scripts) { scripts_ = scripts; }
  void start_agent();
  void crash_agent();
  // Everything on the node ends at once, and nothing says so. start_agent() after power_on().
  void power_off();
  void power_on() { powered_ = true; }
  [[nodiscard]] bool is_powered() const { return powered_; }
  [[nodiscard]] bool has_agent() const { return core_ != nullptr; }
  void fail_next_prepare(PrepareFault fault) { prepare_fault_ = fault; }

  void fail_next_script(agent::SiteScript which, ScriptFault fault) {
    script_fault_ = {which, fault};
  }

  // ---- the network's side ---------------------------------------------------------------------

  void hear(StreamId stream, const ToAgent& message);
  void lose(StreamId stream);

 private:
  // A shepherd and its folder, which both outlive the agent.
  struct Shepherd {
    std::shared_ptr<const Prepare> prepare = {};
    bool is_ready = false;
    std::optional<Time> started = {};
    std::optional<Ended> ended = {};  // its record on the disk
    bool suspended = false;
    std::optional<ExitStatus> due = {};    // it would have ended so, but stands still
    bool failed = false;                   // to get ready: there is no such process
    std::optional<Prepared> refused = {};  // its prolog failed
    // The script that has begun and of whose end no agent knows, and which run of it that is.
    std::optional<agent::SiteScript> script = {};
    std::uint64_t script_run = 0;
    bool script_runs = false;  // under this agent
    bool cleared_up = false;   // its epilog has ended

    [[nodiscard]] bool is_over() const { return ended || refused; }
  };

  void feed(const agent::Input& input);
  void act(std::vector<agent::Output> outputs);
  void act(const agent::Send& output);
  void act(const agent::SpawnShepherd& output);
  void act(const agent::RunScript& output);
  void act(const agent::StartShepherd& output);
  void act(const agent::StopShepherd& output);
  void act(const agent::RemoveAttempt& output);
  void act(const agent::SignalShepherd& output);
  void act(const agent::SuspendShepherd& output);
  void act(const agent::RememberCluster& output);
  void act(const agent::LeaveScheduler& output);

  void tell(const std::string& what);
  void connect();
  void arm();
  [[nodiscard]] agent::FoundAttempt find(AttemptKey key, const Shepherd& shepherd) const;
  void lose_power(AttemptKey key, Shepherd& shepherd);
  void check_last_word(const FromAgent& message);
  void get_ready(AttemptKey key, PrepareFault fault);
  void end_script(AttemptKey key, std::uint64_t run, const std::string& failure);
  void finish_script(AttemptKey key, ExitStatus exit);
  void end_shepherd(AttemptKey key, ExitStatus exit);
  // Calls `action` after a while, unless the node has lost its power by then.
  void later(Millis delay, std::function<void()> action);

  SimulationParts parts_;
  NodeId id_;
  std::shared_ptr<const NodeShape> shape_;
  std::map<AttemptKey, Shepherd> shepherds_;
  agent::SiteScripts scripts_;
  std::unique_ptr<agent::AgentCore> core_;
  StreamId stream_ = 0;
  std::optional<Time> wakes_at_;
  PrepareFault prepare_fault_ = PrepareFault::kNone;
  std::pair<agent::SiteScript, ScriptFault> script_fault_ = {};
  std::uint64_t boots_ = 1;
  std::uint64_t agents_ = 0;  // started so far
  bool powered_ = true;
  // What RememberCluster put on the disk.
  std::string cluster_uuid_;
  Epoch epoch_;
};

}  // namespace usine::sim
