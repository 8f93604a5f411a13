// Bounds recovery: makes a snapshot of what is committed, on a connection of its own, while commits
// go on beside it. Called from a background thread; keeps nothing between calls.
#pragma once

#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

struct SnapshotMade {
  Sequence sequence;   // of the state in it
  std::string digest;  // of the state, as digest() gives it
};

// Recovers the state from the newest snapshot and the rows after it, and writes it as a snapshot.
// Errors: those of recovery and of the disk; the store is as good as before.
[[nodiscard]] Result<SnapshotMade> make_snapshot(const StoreFile& file);

}  // namespace usine::store
