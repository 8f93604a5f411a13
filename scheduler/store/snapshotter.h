// Bounds recovery: makes a snapshot of what is committed, on a connection of its own, while commits
// go on beside it. Called from a background thread; keeps nothing between calls.
#pragma once

#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

struct SnapshotMade {
  Sequence sequence;   // of the state in it
  std::string digest;  // of the state, as digest() gives it
  std::size_t blobs_dropped = 0;
};

// Recovers the state from the newest snapshot and the rows after it, writes it as a snapshot, and
// drops some of the scripts and environments that its jobs no longer need.
// Errors: those of recovery and of the disk; the store is as good as before.
[[nodiscard]] Result<SnapshotMade> make_snapshot(const StoreFile& file);

}  // namespace usine::store
