// Calls of Backup: the store is copied by the background thread into a file that has no name any
// more once it is written, then sent piece by piece. The caller's machine keeps it: the scheduler's
// user needs no right to write where an operator keeps backups, and gives none away.
#pragma once

#include "scheduler/daemon/background_thread.h"
#include "scheduler/daemon/caller_gate.h"
#include "scheduler/daemon/completion_loop.h"
#include "scheduler/daemon/users_rpc.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::daemon {

struct BackupParts {
  OperationsRpc& rpc;
  CompletionLoop& loop;
  BackgroundThread& background;
  CallerGate& gate;
  store::StoreFile store;
};

// Takes such calls from now on; on the loop's thread.
void listen_for_backups(const BackupParts& parts);

}  // namespace usine::daemon
