// Reservations as the caller may see them.
#include "proto/convert_reservations.h"
#include "scheduler/core/reservations.h"
#include "scheduler/daemon/views.h"

namespace usine::daemon {
namespace {

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

proto::ReservationInfo info_of(const State& state, const NodeReservation& reservation) {
  proto::ReservationInfo info;
  *info.mutable_request() = to_proto(reservation.request);
  info.mutable_request()->clear_offsets();  // only the core reckons with them
  info.set_author(reservation.author);
  for (const NodeId node : reservation.nodes) info.add_nodes(state.node_name(node));
  for (const NodeId node : reservation.failed) info.add_failed(state.node_name(node));
  const Window window = *window_of(reservation.request, reservation.window);
  info.set_begin_ms(to_ms(window.begin));
  info.set_end_ms(to_ms(window.end));
  info.set_open(reservation.open);
  return info;
}

}  // namespace

proto::ListReservationsReply reservations_seen(const View& view, const Caller& caller) {
  proto::ListReservationsReply reply;
  reply.set_as_of_ms(to_ms(view.now));
  for (const auto& [name, one] : view.state.reservations) {
    if (!may_see(view.state, one.request, caller)) continue;
    *reply.add_reservations() = info_of(view.state, one);
  }
  return reply;
}

}  // namespace usine::daemon
