#include "scheduler/daemon/operations_service.h"

#include <utility>

#include "scheduler/daemon/backup_call.h"
#include "scheduler/daemon/reload.h"
#include "scheduler/daemon/serve_calls.h"
#include "scheduler/daemon/story.h"

namespace usine::daemon {

void OperationsService::start() {
  const CallSource from{parts_.rpc, parts_.loop, parts_.gate};
  serve_calls<proto::ReloadConfigRequest, proto::ReloadConfigReply>(
      from, "ReloadConfig",
      [this](const Caller& caller, const auto&, Responder<proto::ReloadConfigReply> respond) {
        reload_config(caller, std::move(respond));
      });
  serve_calls<proto::ListEventsRequest, proto::ListEventsReply>(
      from, "ListEvents",
      [this](const Caller& caller, const auto& request, Responder<proto::ListEventsReply> respond) {
        list_events(caller, request, std::move(respond));
      });
  parts_.loop.post([this] {
    listen_for_backups(
        {parts_.rpc, parts_.loop, parts_.background, parts_.gate, parts_.settings.store});
  });
}

void OperationsService::list_events(const Caller& caller, const proto::ListEventsRequest& request,
                                    Responder<proto::ListEventsReply> respond) {
  parts_.reader.ask(
      [this, caller, request, respond = std::move(respond)](const View& view) mutable {
        tell_story({view, caller, request, parts_.history}, parts_.background,
                   parts_.settings.store, std::move(respond));
      });
}

void OperationsService::reload_config(const Caller& caller,
                                      Responder<proto::ReloadConfigReply> respond) {
  if (!caller.is_operator) {
    respond(fail(ErrorCode::kPermission, "only operators may have the configuration read anew"));
    return;
  }
  // Where it is not accepted, the dropped duty to answer says so.
  static_cast<void>(parts_.background.try_do([this, respond = std::move(respond)]() mutable {
    daemon::reload_config(parts_.settings.source, parts_.engine, std::move(respond));
  }));
}

}  // namespace usine::daemon
