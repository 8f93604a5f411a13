#include "cli/reservation_view.h"

#include <string>

#include "common/hostlist.h"

namespace usine::cli {
namespace {

template <typename Repeated>
std::string joined(const Repeated& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ",") + name;
  return text;
}

template <typename Repeated>
Json list_of(const Repeated& names) {
  Json list = Json::array();
  for (const std::string& name : names) list.push_back(name);
  return list;
}

std::string state_text(const proto::ReservationInfo& one) {
  std::string text = one.open() ? "open" : "waiting";
  if (!one.failed().empty()) text += ", degraded";
  if (one.request().maintenance()) text += ", maintenance";
  return text;
}

Json to_json(const proto::ReservationInfo& one) {
  const proto::ReservationRequest& request = one.request();
  const bool recurs = request.until_ms() != 0;
  return {{"name", request.name()},
          {"author", one.author()},
          {"open", one.open()},
          {"degraded", !one.failed().empty()},
          {"begin", time_text(one.begin_ms())},
          {"end", time_text(one.end_ms())},
          {"recurrence", request.recurrence()},
          {"zone", request.zone()},
          {"until", recurs ? Json(time_text(request.until_ms())) : Json(nullptr)},
          {"nodes", list_of(one.nodes())},
          {"failed_nodes", list_of(one.failed())},
          {"users", list_of(request.users())},
          {"projects", list_of(request.projects())},
          {"maintenance", request.maintenance()},
          {"private", request.is_private()},
          {"replace", request.replace()}};
}

}  // namespace

Table table_of(const proto::ListReservationsReply& reply) {
  Table table({"NAME", "STATE", "BEGIN", "END", "AGAIN", "NODES", "USERS", "PROJECTS"});
  for (const proto::ReservationInfo& one : reply.reservations()) {
    const proto::ReservationRequest& request = one.request();
    table.add({request.name(), state_text(one), time_text(one.begin_ms()), time_text(one.end_ms()),
               request.recurrence(), compress_hostlist({one.nodes().begin(), one.nodes().end()}),
               joined(request.users()), joined(request.projects())});
  }
  return table;
}

Json to_json(const proto::ListReservationsReply& reply) {
  Json reservations = Json::array();
  for (const proto::ReservationInfo& one : reply.reservations()) {
    reservations.push_back(to_json(one));
  }
  return {{"reservations", std::move(reservations)}, {"as_of", time_text(reply.as_of_ms())}};
}

}  // namespace usine::cli
