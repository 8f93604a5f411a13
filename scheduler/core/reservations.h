// What reservations mean for jobs and nodes (B79 to B82): who may use one, whether a node is open
// to a job over a time, and what becomes of a reservation when its nodes fail. Pure.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "common/result.h"
#include "model/caller.h"
#include "scheduler/core/event.h"
#include "scheduler/core/state.h"

namespace usine {

// Whether the user, or the project, is among those that the reservation is for. Operators are the
// caller's matter.
[[nodiscard]] bool may_use(const ReservationRequest& reservation, const std::string& user,
                           const std::string& project);

// Whether the caller may be told of it: everybody of one that is not private, else operators and
// who may use it, as a member of a project or by the project of a request.
[[nodiscard]] bool may_see(const State& state, const ReservationRequest& reservation,
                           const Caller& caller, const std::string& project = {});

// Whether the request may name the reservation that it names, and could ever run in a window of
// it. Errors: kNotFound, also for a private one that the caller may not see, listing those that
// are seen; kPermission; kRefused with the numbers.
[[nodiscard]] Status check_reservation_of(const State& state, const Caller& caller,
                                          const JobRequest& request);

// When one job would run.
struct Stay {
  Time from;
  Time limit;               // its time limit ends
  Time gone;                // and its last process is gone, after the grace of a stop
  std::string reservation;  // that the job names; empty: none
};

[[nodiscard]] Stay stay_of(const State& state, const Job& job, Time from);

// Whether the node is open to such a job. One that names a reservation stays on its nodes and, to
// its limit, within one window of it; from all other windows every job keeps out until it is gone.
[[nodiscard]] bool is_open(const State& state, NodeId node, const Stay& stay);

// The one whose window begins first among those that such a job must keep out of; null for none.
[[nodiscard]] const NodeReservation* first_in_the_way(const State& state, const Stay& stay);

// All nodes that are closed to such a job, for placement to avoid. Proportional to the
// nodes that are reserved, and to all nodes for a job that names a reservation.
[[nodiscard]] std::set<NodeId> closed_nodes(const State& state, const Stay& stay);

// When the reservation opens, or closes where it is open.
[[nodiscard]] Time next_turn(const NodeReservation& reservation);

// `count` nodes for the reservation, or those that it names. Errors: kNotFound for a name,
// kRefused where too few are free of other reservations, or one that is named is not.
[[nodiscard]] Result<std::set<NodeId>> choose_nodes(const State& state,
                                                    const ReservationRequest& request);

// What `event` about a node means for the reservations that it is in, or could join.
[[nodiscard]] std::vector<Event> reservation_consequences(const State& state, const Event& event);

}  // namespace usine
