// The operators' side of the scheduler: backup, a new configuration, and the story of a job or
// node. Calls come on the users' loop; what takes long is done by the background thread.
#pragma once

#include "scheduler/daemon/background_thread.h"
#include "scheduler/daemon/caller_gate.h"
#include "scheduler/daemon/engine_thread.h"
#include "scheduler/daemon/reader.h"
#include "scheduler/daemon/startup.h"
#include "scheduler/daemon/unary_call.h"
#include "scheduler/daemon/users_rpc.h"
#include "scheduler/store/history_reader.h"

namespace usine::daemon {

class OperationsService {
 public:
  struct Parts {
    OperationsRpc& rpc;
    CompletionLoop& loop;
    CallerGate& gate;
    EngineThread& engine;
    Reader& reader;
    BackgroundThread& background;
    const Settings& settings;
    store::HistoryReader& history;  // used on the reader's thread
  };

  explicit OperationsService(Parts parts) : parts_(parts) {}

  // Begins to take calls; the server runs.
  void start();

 private:
  void list_events(const Caller& caller, const proto::ListEventsRequest& request,
                   Responder<proto::ListEventsReply> respond);
  void reload_config(const Caller& caller, Responder<proto::ReloadConfigReply> respond);

  Parts parts_;
};

}  // namespace usine::daemon
