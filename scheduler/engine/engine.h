// The engine: takes commands one at a time, decides, and gathers what must be committed and what
// may be told once it is. It owns the state and no thread: the daemon drives it from one thread,
// the simulator from its event loop. Nothing leaves it before the batch that carries it is
// committed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "scheduler/core/command.h"
#include "scheduler/core/decide.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"
#include "scheduler/engine/journal.h"

namespace usine {

// A message for one agent, to be sent once the batch is committed; lost when the agent is out of
// reach, since its next Hello brings it up to date.
struct AgentEffect {
  NodeId node;
  ToAgent message;
};

// Where an answer goes, in the shell's own words (a pending call, a test's slot); 0 is nobody.
using ReplyTo = std::uint64_t;

struct PendingReply {
  ReplyTo to = 0;
  Result<Reply> reply;
};

// The committed history as replicas take it: one journal row's events.
struct Applied {
  Sequence sequence;
  Time time;
  std::vector<Event> events;
};

// One group commit and everything that waits for it.
struct Batch {
  Sequence expected;  // the store's last sequence before this batch
  CommitBatch commit;
  std::vector<PendingReply> replies;
  std::vector<AgentEffect> effects;
  std::shared_ptr<const std::vector<Applied>> applied;  // shared by all replicas

  // Replies to commands that changed nothing may stand in a batch without rows: there is nothing to
  // commit then, and what they tell of is committed already.
  [[nodiscard]] bool empty() const { return commit.rows.empty() && replies.empty(); }
};

// What a command brings for the store that nothing is decided by.
struct Attached {
  std::vector<Blob> blobs = {};
  std::vector<StepRows> steps = {};
};

// What one run of the scheduler begins with.
struct EngineStart {
  Epoch epoch;  // as the store granted it (Journal::open_epoch)
  std::shared_ptr<const ClusterConfig> config;
  std::string new_cluster_uuid;  // used only where the state has none yet
};

class Engine {
 public:
  // `state` is as recovery gave it; `epoch` is the one the store granted (Journal::open_epoch). The
  // first batch holds StartEpoch and, where `config` differs from the state's, Configure.
  Engine(State state, const EngineStart& start, Time wall);

  // What the journal's state made of the given configuration: an Error where it was refused, and
  // the old one holds (B95).
  [[nodiscard]] const Status& configured() const { return configured_; }

  // Decides one command. Commands without events (refusals, heartbeat-like no-ops) are not
  // journalled, but their replies still wait in order behind what was decided before them. What is
  // attached is stored with the command's row. What agents say needs a `reply_to`: Admitted holds
  // messages for them, to be sent before the batch's effects.
  void handle(const Command& command, ReplyTo reply_to, Time wall, Attached attached = {});

  // Everything decided since the last call, to commit and then to deliver; empty when there is
  // nothing.
  [[nodiscard]] Batch take_batch();

  // When a Tick is due; none when no deadline is pending.
  [[nodiscard]] std::optional<Time> next_tick() const { return next_deadline(state_); }

  [[nodiscard]] const State& state() const { return state_; }

 private:
  // Decides one command and, where it has events, adds its row; what they cause goes into the
  // batch.
  Result<Reply> decide_and_record(const Command& command, Time wall);
  void note(const State& after, const Event& event);

  State state_;
  Status configured_;
  Sequence taken_;  // last sequence handed out by take_batch
  Batch batch_;
  std::vector<Applied> applied_;
  bool attempt_just_ended_ = false;  // by the event before this one
};

// The state that the store holds: newest snapshot plus every row after it. Errors: kCorrupt with
// the sequence at which the journal breaks, kIo. A fresh store gives an empty state.
[[nodiscard]] Result<State> recover(Journal& journal);

// Takes one row's events on a replica (state of a reader, planner or recovery).
void apply_row(State& state, const Applied& row);

// The messages that an event causes, with the state as it is after the event; in order.
[[nodiscard]] std::vector<AgentEffect> effects_of(const State& after, const Event& event);

// The history row of an AttemptEnded event, with the state as it is after it.
[[nodiscard]] HistoryRow history_row(const State& after, const AttemptEnded& event);
// The row of a job that ended while it waited: of attempt 0, which never was.
[[nodiscard]] HistoryRow history_row(const State& after, const JobEnded& event);

}  // namespace usine
