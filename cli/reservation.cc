// `usine reservation create|list|delete`: nodes kept for users or for maintenance.
#include <limits>
#include <sstream>

#include "cli/client.h"
#include "cli/jobs.h"
#include "cli/options.h"
#include "cli/reservation_view.h"
#include "cli/zone_clock.h"
#include "common/hostlist.h"
#include "proto/convert_reservations.h"

namespace usine::cli {
namespace {

constexpr Seconds kDay{24 * 3600};
// How long a recurring one goes on where nothing is said.
constexpr Seconds kGoesOn = 3650 * kDay;

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> names;
  std::istringstream stream(list);
  for (std::string name; std::getline(stream, name, ',');) {
    if (!name.empty()) names.push_back(name);
  }
  return names;
}

Status read_nodes(const Given& given, ReservationRequest& request) {
  if (const auto list = given.value("nodes")) {
    auto names = expand_hostlist(*list);
    if (!names) return fail(names.error().within("--nodes"));
    request.nodes = *std::move(names);
  }
  const auto count = given.number("node-count", 1, 1'000'000);
  if (!count) return fail(count.error());
  request.node_count = static_cast<std::uint32_t>(count->value_or(0));
  request.partition = given.value("partition").value_or("");
  return {};
}

Result<Time> read_time(const Given& given, const std::string& option, const LocalClock& clock) {
  const auto time = parse_begin(*given.value(option), clock);
  if (!time) return fail(time.error().within("--" + option));
  return *time;
}

Status read_length(const Given& given, const LocalClock& clock, ReservationRequest& request) {
  if (given.value("end").has_value() == given.value("duration").has_value()) {
    return fail(ErrorCode::kInvalid, "say either --end TIME or --duration TIME");
  }
  if (given.value("end")) {
    const auto end = read_time(given, "end", clock);
    if (!end) return fail(end.error());
    request.length = std::chrono::floor<Seconds>(*end - request.start);
    return {};
  }
  const auto length = parse_time_limit(*given.value("duration"));
  if (!length) return fail(length.error().within("--duration"));
  request.length = *length;
  return {};
}

Status read_recurrence(const Given& given, const ZoneClock& zone, ReservationRequest& request) {
  if (given.flag("daily") && given.flag("weekly")) {
    return fail(ErrorCode::kInvalid, "say either --daily or --weekly");
  }
  if (!given.flag("daily") && !given.flag("weekly")) {
    if (!given.value("until")) return {};
    return fail(ErrorCode::kInvalid, "--until needs --daily or --weekly");
  }
  request.recurrence = given.flag("daily") ? Recurrence::kDaily : Recurrence::kWeekly;
  request.until = request.start + kGoesOn;
  if (given.value("until")) {
    const auto until = read_time(given, "until", zone.clock());
    if (!until) return fail(until.error());
    request.until = *until;
  }
  request.offsets = zone.offsets(request.start - kDay, request.until + kDay);
  return {};
}

Result<ReservationRequest> read_request(const Given& given) {
  ReservationRequest request;
  request.name = given.words()[1];
  request.zone = given.value("zone").value_or(local_zone());
  if (request.zone.empty()) request.zone = "UTC";
  const auto zone = ZoneClock::open(request.zone);
  if (!zone) return fail(zone.error().within("--zone"));
  if (!given.value("start")) return fail(ErrorCode::kInvalid, "say --start TIME");
  const auto start = read_time(given, "start", zone->clock());
  if (!start) return fail(start.error());
  request.start = *start;
  if (Status length = read_length(given, zone->clock(), request); !length) {
    return fail(length.error());
  }
  if (Status again = read_recurrence(given, *zone, request); !again) return fail(again.error());
  if (Status nodes = read_nodes(given, request); !nodes) return fail(nodes.error());
  request.users = split(given.value("users").value_or(""));
  request.projects = split(given.value("projects").value_or(""));
  request.maintenance = given.flag("maintenance");
  request.is_private = given.flag("private");
  request.replace = given.flag("replace");
  if (Status sound = check_reservation(request); !sound) return fail(sound.error());
  return request;
}

CommandResult create(const Given& given) {
  if (given.words().size() != 2) {
    return fail(ErrorCode::kInvalid, "one name is needed: usine reservation create NAME ...");
  }
  const auto request = read_request(given);
  if (!request) return fail(request.error());
  auto client = connect(given.target());
  if (!client) return fail(client.error());
  const auto reply = client->create_reservation(to_proto(*request));
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "reservation");
}

CommandResult list(const Given& given) {
  auto client = connect(given.target());
  if (!client) return fail(client.error());
  const auto reply = client->list_reservations();
  if (!reply) return fail(reply.error());
  if (given.flag("json")) {
    print_json(to_json(*reply));
  } else {
    print_table(table_of(*reply));
  }
  return kExitDone;
}

CommandResult remove(const Given& given) {
  if (given.words().size() < 2) return fail(ErrorCode::kInvalid, "no reservation is named");
  proto::DeleteReservationsRequest request;
  for (std::size_t i = 1; i < given.words().size(); ++i) request.add_names(given.words()[i]);
  auto client = connect(given.target());
  if (!client) return fail(client.error());
  const auto reply = client->delete_reservations(request);
  if (!reply) return fail(reply.error());
  return report_refusals(*reply, "reservation");
}

Options known_options() {
  Options options(
      "usine reservation create NAME --start TIME (--end TIME | --duration TIME) "
      "(--nodes LIST | --node-count N) [OPTIONS] | list [--json] | delete NAME...",
      "Keeps nodes for users and projects, or for maintenance, over a time or every day or week. "
      "No job is started there that would run into such a time, except with --reservation NAME by "
      "those it is for. Jobs that run are left alone. Operators make and delete reservations.",
      "usine reservation create friday --start 2026-11-27T18:00 --duration 8:00:00 --nodes "
      "node[001-004] --maintenance");
  options.value("start", "TIME", "2026-11-27T18:00 in local time, tomorrow, now+2hours")
      .value("end", "TIME", "when it ends, or")
      .value("duration", "TIME", "how long it lasts: MINUTES, HH:MM:SS, D-HH")
      .value("nodes", "LIST", "node[001-004], or")
      .value("node-count", "N", "so many nodes")
      .value("partition", "NAME", "of this partition, where nodes are counted or replaced")
      .value("users", "A,B", "who may use it")
      .value("projects", "A,B", "whose jobs may use it")
      .flag("maintenance", "it is for no jobs, and may lie over other reservations")
      .flag("private", "only those who may use it see it")
      .flag("replace", "a node that fails is replaced by another of the partition")
      .flag("daily", "again every day at the same local time")
      .flag("weekly", "again every week at the same local time")
      .value("zone", "ZONE", "whose local time: Europe/Berlin (default: this machine's)")
      .value("until", "TIME", "the last time that it may begin (default: ten years later)")
      .flag("json", "print one JSON document")
      .finds_cluster()
      .takes_words(1, std::numeric_limits<std::size_t>::max(), "what to do");
  return options;
}

}  // namespace

CommandResult run_reservation(const Words& words) {
  const auto given = known_options().parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const std::string& verb = (*given)->words().front();
  if (verb == "create") return create(**given);
  if (verb == "list") return list(**given);
  if (verb == "delete") return remove(**given);
  return fail(ErrorCode::kInvalid, "'" + verb +
                                       "' is nothing to do with reservations: say create, list or "
                                       "delete");
}

}  // namespace usine::cli
