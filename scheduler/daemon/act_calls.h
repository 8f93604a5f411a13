// Calls that do one thing to many jobs or nodes: a command each, and one answer that names those
// that were refused.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "model/caller.h"
#include "proto/users.pb.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/planner_thread.h"
#include "scheduler/daemon/unary_call.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

// Jobs or nodes in one call.
inline constexpr int kSubjectsMax = 5000;

struct NamedCommand {
  std::string subject;  // "12", "node003"
  Command command;
};

// Error: kInvalid for too many subjects or an action that this version does not know.
[[nodiscard]] Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                                            const proto::ActOnJobsRequest& request);
[[nodiscard]] Result<std::vector<NamedCommand>> commands_of(
    const Caller& caller, const proto::ActOnNodesRequest& request);

// Error: kInvalid, also where nothing is to be changed.
[[nodiscard]] Result<std::vector<NamedCommand>> commands_of(const Caller& caller,
                                                            const proto::UpdateJobsRequest& request,
                                                            const State& state,
                                                            store::HistoryReader& history);

[[nodiscard]] Result<std::vector<NamedCommand>> commands_of(
    const Caller& caller, const proto::ReservationRequest& request);
// Error: kInvalid for too many.
[[nodiscard]] Result<std::vector<NamedCommand>> commands_of(
    const Caller& caller, const proto::DeleteReservationsRequest& request);

// Has one command decided. False, with the handler dropped, where too much waits.
using Decide = std::function<bool(Command, ReplyHandler)>;

[[nodiscard]] Decide decided_by(EngineThread& engine);
// The same, but new limits of jobs go by way of the planner (B46).
[[nodiscard]] Decide decided_by(EngineThread& engine, PlannerThread& planner);

// Has each command decided; answers once all have been.
void act(const Decide& decide, Result<std::vector<NamedCommand>> commands,
         Responder<proto::ActReply> respond);

}  // namespace usine::daemon
