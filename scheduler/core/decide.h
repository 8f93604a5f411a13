// The one place where the state changes by decision: decide() holds a command against the state and
// emits the events that follow; apply_event() is what an event does to a state, on the engine's
// copy, on replicas and at recovery alike. Owned by the engine thread; pure.
#pragma once

#include <functional>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"

namespace usine {

struct Decision {
  std::vector<Event> events;  // already applied to the state, in this order
  Result<Reply> reply;
};

// Sees each event with the state as it is right after it: what follows from an event (messages, a
// row in the books) may lie in facts that the next event of the same command removes.
using Observer = std::function<void(const State& after, const Event& event)>;

// Decides `command` at `now` (never before state.now) and applies what it emits, so that a later
// part of one command sees the earlier ones. A refused command has an Error reply and no events.
[[nodiscard]] Decision decide(State& state, const Command& command, Time now,
                              const Observer& observer = {});

// Does what `event` says. Events come only from decide() or from a journal that decide() wrote: one
// that cannot be (an unknown job, a share booked twice) is a programmer's mistake and ends the
// process.
void apply_event(State& state, const Event& event);

// Marks one more command as applied: sequence and clock. Replicas call it after the events of a
// journal row, the engine after decide().
void advance(State& state, Sequence sequence, Time now);

}  // namespace usine
