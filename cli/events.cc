#include "cli/events.h"

#include "cli/job_names.h"
#include "cli/local_clock.h"
#include "cli/operations_client.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "model/begin_time.h"

namespace usine::cli {
namespace {

Json to_json(const proto::ListEventsReply& reply) {
  Json events = Json::array();
  for (const proto::EventInfo& event : reply.events()) {
    events.push_back({{"sequence", event.sequence()},
                      {"time", time_text(event.time_ms())},
                      {"event", event.name()},
                      {"text", event.text()}});
  }
  return {{"events", events}, {"cut", reply.cut()}, {"as_of", time_text(reply.as_of_ms())}};
}

Result<proto::ListEventsRequest> request_of(Client& client, const std::string& kind,
                                            const std::string& name, const Given& given) {
  proto::ListEventsRequest request;
  if (kind == "job") {
    const auto job = find_job_id(client, name);
    if (!job) return fail(job.error());
    request.set_job(*job);
  } else if (kind == "node") {
    request.set_node(name);
  } else {
    return fail(ErrorCode::kInvalid, "--events is for a job or a node");
  }
  if (const auto text = given.value("from")) {
    const auto from = parse_begin(*text, local_clock());
    if (!from) return fail(from.error().within("--from"));
    request.set_from_ms(from->time_since_epoch().count());
  }
  return request;
}

}  // namespace

CommandResult show_events(Client& client, const std::string& kind, const std::string& name,
                          const Given& given) {
  const auto request = request_of(client, kind, name, given);
  if (!request) return fail(request.error());
  auto operations = connect_operations(given.target());
  if (!operations) return fail(operations.error());
  const auto reply = operations->list_events(*request);
  if (!reply) return fail(reply.error());
  if (given.flag("json")) {
    print_json(to_json(*reply));
    return kExitDone;
  }
  Table table({"TIME", "EVENT", "WHAT"});
  for (const proto::EventInfo& event : reply->events()) {
    table.add({time_text(event.time_ms()), event.name(), event.text()});
  }
  print_table(table);
  if (reply->cut()) {
    warn("older events are left out: there are more, or the journal has them no more");
  }
  return kExitDone;
}

}  // namespace usine::cli
