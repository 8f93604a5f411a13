#include "proto/convert_reservations.h"

#include <string>

namespace usine {
namespace {

std::int64_t to_ms(Time time) { return time.time_since_epoch().count(); }

template <typename Repeated>
std::vector<std::string> to_strings(const Repeated& values) {
  return {values.begin(), values.end()};
}

}  // namespace

proto::ReservationRequest to_proto(const ReservationRequest& request) {
  proto::ReservationRequest message;
  message.set_name(request.name);
  message.set_start_ms(to_ms(request.start));
  message.set_length_s(request.length.count());
  message.set_recurrence(std::string(to_string(request.recurrence)));
  message.set_until_ms(to_ms(request.until));
  message.set_zone(request.zone);
  for (const ZoneOffset& one : request.offsets) {
    proto::ZoneOffset& added = *message.add_offsets();
    added.set_from_ms(to_ms(one.from));
    added.set_offset_s(one.offset.count());
  }
  for (const std::string& node : request.nodes) message.add_nodes(node);
  message.set_node_count(request.node_count);
  message.set_partition(request.partition);
  for (const std::string& user : request.users) message.add_users(user);
  for (const std::string& project : request.projects) message.add_projects(project);
  message.set_maintenance(request.maintenance);
  message.set_is_private(request.is_private);
  message.set_replace(request.replace);
  return message;
}

Result<ReservationRequest> from_proto(const proto::ReservationRequest& message) {
  const auto recurrence = recurrence_from(message.recurrence());
  if (!recurrence) {
    return fail(ErrorCode::kInvalid, "reservation.recurrence: '" + message.recurrence() +
                                         "' is not known to this version of usine");
  }
  ReservationRequest request;
  request.name = message.name();
  request.start = Time{Millis{message.start_ms()}};
  request.length = Seconds{message.length_s()};
  request.recurrence = *recurrence;
  request.until = Time{Millis{message.until_ms()}};
  request.zone = message.zone();
  for (const proto::ZoneOffset& one : message.offsets()) {
    request.offsets.push_back({Time{Millis{one.from_ms()}}, Seconds{one.offset_s()}});
  }
  request.nodes = to_strings(message.nodes());
  request.node_count = message.node_count();
  request.partition = message.partition();
  request.users = to_strings(message.users());
  request.projects = to_strings(message.projects());
  request.maintenance = message.maintenance();
  request.is_private = message.is_private();
  request.replace = message.replace();
  return request;
}

}  // namespace usine
