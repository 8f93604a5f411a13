// A scheduler's journal as the record of what it was asked and did: for replay, read from a file
// that nobody writes to or beside the scheduler that does, and never changed. What is read is one
// moment of the store, however long it takes. One reader belongs to one thread at a time.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/core/state.h"
#include "scheduler/engine/journal.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

struct SnapshotHead {
  Sequence sequence;
  std::string digest;  // SHA-256 (hex) of its bytes
};

class RecordingReader {
 public:
  // Errors: kIo; kCorrupt for a file that is no store of this program's.
  [[nodiscard]] static Result<RecordingReader> open(const StoreFile& file);

  // The state before the first row that can be replayed: empty where the journal is whole, else
  // that of the oldest snapshot after which it is. Error: kCorrupt where there is neither.
  [[nodiscard]] Result<State> begin();

  // Ascending, all after `after`.
  Status read_rows(Sequence after, const std::function<Status(const JournalRow&)>& visit);
  [[nodiscard]] Result<std::vector<SnapshotHead>> snapshots(Sequence after);

  // What the planner was given, in order: what it saw at `from` or later.
  [[nodiscard]] Result<std::vector<PlannerInput>> planner_inputs(Sequence from);

 private:
  explicit RecordingReader(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace usine::store
