#include "sim/reservation_watch.h"

#include <variant>

namespace usine::sim {

std::string ReservationWatch::take(const Event& event) {
  if (const auto* const submitted = std::get_if<JobSubmitted>(&event)) {
    jobs_[submitted->job] = {submitted->request->reservation, submitted->request->time_limit};
  } else if (const auto* const task = std::get_if<ArrayTaskStarted>(&event)) {
    jobs_[task->job] = jobs_.at(task->array);
  } else if (const auto* const limit = std::get_if<JobLimitSet>(&event)) {
    jobs_.at(limit->job).limit = limit->time_limit;
  } else if (const auto* const created = std::get_if<ReservationCreated>(&event)) {
    reservations_[created->reservation.request.name] = created->reservation;
  } else if (const auto* const deleted = std::get_if<ReservationDeleted>(&event)) {
    reservations_.erase(deleted->name);
  } else if (const auto* const turned = std::get_if<ReservationTurned>(&event)) {
    reservations_.at(turned->name).window = turned->window;
  } else if (const auto* const changed = std::get_if<ReservedNodeChanged>(&event)) {
    on(*changed);
  } else if (const auto* const placed = std::get_if<AttemptPlaced>(&event)) {
    return check(*placed);
  }
  return {};
}

void ReservationWatch::on(const ReservedNodeChanged& event) {
  if (event.change != ReservedNodeChange::kReplaced) return;
  NodeReservation& reservation = reservations_.at(event.name);
  reservation.nodes.erase(event.node);
  reservation.nodes.insert(event.replacement);
}

std::string ReservationWatch::check(const AttemptPlaced& placed) const {
  const Asked& job = jobs_.at(placed.job);
  const std::string text = "job " + std::to_string(placed.job.value);
  if (!job.reservation.empty() && !reservations_.contains(job.reservation)) {
    return "[B79] " + text + " starts without the reservation that it names";
  }
  for (const NodeShare& share : placed.allocation.nodes) {
    for (const auto& [name, one] : reservations_) {
      if (lets(one, job, share.node, placed.at)) continue;
      return "[B79] " + text + " starts on node " + std::to_string(share.node.value) +
             " against reservation " + name;
    }
  }
  return {};
}

bool ReservationWatch::lets(const NodeReservation& one, const Asked& job, NodeId node, Time from) {
  const auto window = window_of(one.request, one.window);
  const Time to = from + job.limit;
  if (job.reservation == one.request.name) {
    return one.nodes.contains(node) && window->begin <= from && to <= window->end;
  }
  return !one.nodes.contains(node) || to <= window->begin || window->end <= from;
}

}  // namespace usine::sim
