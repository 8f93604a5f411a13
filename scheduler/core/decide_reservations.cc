// Decisions on reservations: made and deleted by operators, opened and closed by time.
#include <string>

#include "scheduler/core/decider.h"
#include "scheduler/core/reservations.h"

namespace usine {
namespace {

// Others than operators are not told whether a private one exists.
Status check_operator(const Caller& caller) {
  if (caller.is_operator) return {};
  return fail(ErrorCode::kPermission, "only operators may make or delete reservations");
}

// A reservation whose windows are all over would never be taken off.
Status check_not_over(const ReservationRequest& request, Time now) {
  for (std::uint32_t number = 0;; ++number) {
    const auto window = window_of(request, number);
    if (!window) break;
    if (window->end > now) return {};
  }
  return fail(ErrorCode::kInvalid, "the reservation would be over by now: it began at " +
                                       format_time(request.start) + " and lasts " +
                                       format_duration(request.length));
}

}  // namespace

Result<Reply> decide_create_reservation(Decider& decider, const CreateReservation& command) {
  const State& state = decider.state;
  if (Status may = check_operator(command.caller); !may) return fail(may.error());
  const ReservationRequest& request = command.request;
  if (Status sound = check_reservation(request); !sound) return fail(sound.error());
  if (state.reservations.contains(request.name)) {
    return fail(ErrorCode::kConflict, "there is a reservation '" + request.name +
                                          "' already: delete it first, or choose another name");
  }
  if (Status ahead = check_not_over(request, decider.now); !ahead) return fail(ahead.error());
  auto nodes = choose_nodes(state, request);
  if (!nodes) return fail(nodes.error());
  NodeReservation reservation{request, command.caller.user, *std::move(nodes), {}, 0, false};
  if (!request.maintenance) {
    for (const NodeId node : reservation.nodes) {
      const bool gone = state.node(node).link == NodeLink::kDown || state.node(node).drain;
      if (gone) reservation.failed.insert(node);
    }
  }
  decider.emit(ReservationCreated{std::move(reservation)});
  turn_reservations(decider);
  return Done{};
}

Result<Reply> decide_delete_reservation(Decider& decider, const DeleteReservation& command) {
  if (Status may = check_operator(command.caller); !may) return fail(may.error());
  if (!decider.state.reservations.contains(command.name)) {
    return fail(ErrorCode::kNotFound, "there is no reservation '" + command.name +
                                          "': `usine reservation list` shows all");
  }
  decider.emit(ReservationDeleted{command.name});
  return Done{};
}

void turn_reservations(Decider& decider) {
  const auto& turns = decider.state.reservation_turns;
  while (!turns.empty() && turns.begin()->first <= decider.now) {
    const std::string name = turns.begin()->second;
    const NodeReservation& reservation = decider.state.reservations.at(name);
    const std::uint32_t next = reservation.window + 1;
    if (!reservation.open) {
      decider.emit(ReservationTurned{name, reservation.window, true});
    } else if (window_of(reservation.request, next)) {
      decider.emit(ReservationTurned{name, next, false});
    } else {
      decider.emit(ReservationDeleted{name});
    }
  }
}

}  // namespace usine
