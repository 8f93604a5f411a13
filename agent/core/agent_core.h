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

#include "common/ids.h"
#include "common/time.h"
#include "model/agent_messages.h"
#include "topology/node_shape.h"

namespace usine::agent {

// ---- what comes in ----------------------------------------------------------------------------

struct Connected {};     // a stream to the scheduler stands
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
  std::string address;            // of its live shepherd
  std::optional<Ended> ended;     // or the record of its end
};

using Input = std::variant<Connected, Disconnected, FromScheduler, ShepherdReady, ShepherdEnded>;

// ---- what comes out ---------------------------------------------------------------------------

struct Send {
  FromAgent message;
};
struct SpawnShepherd {
  std::shared_ptr<const Prepare> prepare;
};
struct StartShepherd {
  AttemptKey key;
  std::vector<std::string> peers;
};
struct StopShepherd {
  AttemptKey key;
  Millis grace{0};
};
struct RemoveAttempt {  // forget it and remove its folder
  AttemptKey key;
};

using Output = std::variant<Send, SpawnShepherd, StartShepherd, StopShepherd, RemoveAttempt>;

// Who this agent is.
struct Identity {
  std::string node_name;
  std::string boot_id;
  std::string cluster_uuid;  // empty: never joined
  std::shared_ptr<const NodeShape> shape;
};

class AgentCore {
 public:
  AgentCore(Identity identity, std::vector<FoundAttempt> found);

  // Takes one input; outputs are appended in the order in which they must be done.
  void handle(const Input& input, Time now, std::vector<Output>& out);

  // What time asks for: heartbeats, and Ended again where no Forget has come.
  void tick(Time now, std::vector<Output>& out);
  [[nodiscard]] std::optional<Time> next_tick() const;

  [[nodiscard]] const std::string& cluster_uuid() const { return identity_.cluster_uuid; }

 private:
  enum class Phase : std::uint8_t { kSpawning, kReady, kStarted, kEnded };
  struct Attempt {
    Phase phase = Phase::kSpawning;
    bool orphan = false;  // the scheduler does not keep it: it is being ended
    std::string address;
    std::optional<Ended> ended;
  };

  Identity identity_;
  std::map<AttemptKey, Attempt> attempts_;
};

}  // namespace usine::agent
