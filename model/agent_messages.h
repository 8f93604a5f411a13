// What scheduler and agents say to each other, as plain values: the wire (proto/), the agent's core
// and the simulator all use these. Commands are idempotent: an agent that gets one twice does
// nothing twice, and refuses one whose epoch is older than the newest it has seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "model/array_spec.h"
#include "model/job_nodes.h"
#include "model/job_state.h"
#include "model/request.h"
#include "model/resource_use.h"
#include "model/signal_request.h"
#include "model/step_record.h"
#include "topology/node_shape.h"

namespace usine {

// ---- scheduler to agent -----------------------------------------------------------------------

// Answer to Hello. Where Hello named attempts that are not in `keep`, the node has not joined: the
// agent ends them and says Hello again; a Hello without such orphans joins the node.
struct Welcome {
  std::string cluster_uuid;
  Epoch epoch;
  NodeId node;
  Millis heartbeat{0};
  Millis lease{0};
  std::vector<AttemptKey> keep;

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

// Everything a shepherd needs to stand ready. The daemon fills in the blobs when it sends it.
struct Prepare {
  AttemptKey key;
  Epoch epoch;
  std::shared_ptr<const JobRequest> request;
  JobNodes nodes;               // nodes[0] is the head
  std::uint32_t this_node = 0;  // index in nodes
  Millis kill_wait{0};
  std::string job_key;      // shared secret of this attempt's shepherds, made by the edge
  std::string script;       // blob content, filled in by the edge
  std::string environment;  // blob content, filled in by the edge
  std::string partition;
  std::string cluster_name;
  std::optional<ArrayPlace> array = {};  // of a task of an array; the request's array is left out

  friend bool operator==(const Prepare&, const Prepare&) = default;
};

// All nodes have prepared: the head starts the batch script. peers[i] is "host:port" of the
// shepherd on node i; the head alone gets them, since the job's steps start there.
struct Start {
  AttemptKey key;
  Epoch epoch;
  std::vector<std::string> peers;

  friend bool operator==(const Start&, const Start&) = default;
};

// TERM to every process of the attempt, KILL after `grace`; Ended follows when none is left.
struct Stop {
  AttemptKey key;
  Epoch epoch;
  Millis grace{0};

  friend bool operator==(const Stop&, const Stop&) = default;
};

// To the head's node. Signals of an attempt are counted from 1: a number that was given before is
// not given again.
struct Signal {
  AttemptKey key;
  Epoch epoch;
  std::uint32_t number = 0;
  SignalRequest what;

  friend bool operator==(const Signal&, const Signal&) = default;
};

// Whether the attempt's processes on this node are to stand still. Stop lets them go on to their
// end.
struct Suspend {
  AttemptKey key;
  Epoch epoch;
  bool suspended = false;

  friend bool operator==(const Suspend&, const Suspend&) = default;
};

// The end of this attempt on this node is recorded: the agent may forget it and remove its folder.
struct Forget {
  AttemptKey key;
  Epoch epoch;

  friend bool operator==(const Forget&, const Forget&) = default;
};

using ToAgent = std::variant<Welcome, Prepare, Start, Stop, Forget, Signal, Suspend>;

// ---- agent to scheduler -----------------------------------------------------------------------

struct Hello {
  std::string node_name;
  std::string boot_id;       // changes when the node has restarted
  std::string cluster_uuid;  // empty on an agent that has never joined
  std::shared_ptr<const NodeShape> shape;
  std::vector<AttemptKey> attempts;  // that the agent has, running or ended and not yet forgotten
  // How long the site's prolog may take before an attempt has prepared; 0: there is none.
  Millis prolog_limit{0};

  friend bool operator==(const Hello&, const Hello&) = default;
};

struct Heartbeat {
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// Where the site's epilog stands with an attempt that is over on its node. The node's share is not
// free while it runs.
struct EpilogWord {
  bool runs = false;
  std::string failure;  // once it has ended: how it failed, which drains the node
  // The scheduler did not keep the attempt, so that this word is the first it hears of the failure.
  bool of_orphan = false;

  friend bool operator==(const EpilogWord&, const EpilogWord&) = default;
};

// When not ok, sent until Forget comes back: the attempt has ended on this node.
struct Prepared {
  AttemptKey key;
  bool ok = true;
  bool node_fault = false;     // when not ok: the node is to blame and is drained (B45)
  std::string message;         // when not ok: why
  std::string address;         // when ok: "host:port" of this node's shepherd
  bool prolog_failed = false;  // when not ok: by the site's prolog, and not by the job
  EpilogWord epilog = {};      // when not ok

  friend bool operator==(const Prepared&, const Prepared&) = default;
};

// Sent until Forget comes back, also across restarts of either side (B94).
struct Ended {
  AttemptKey key;
  ExitStatus exit;
  Millis elapsed{0};  // from the start of the script (or of standing ready) to the end, monotonic
  std::int64_t peak_memory_mib = 0;
  ResourceUse use = {};
  EpilogWord epilog = {};
  // Of the head, with its last word. For the history alone: the scheduler's edge takes them out
  // before anything is decided or journalled.
  StepRecords steps = {};

  friend bool operator==(const Ended&, const Ended&) = default;
};

using FromAgent = std::variant<Hello, Heartbeat, Prepared, Ended>;

}  // namespace usine
