// A copy of a store as it is at one moment, made beside the scheduler that writes to it, and a
// store made from such a copy. Both on connections of their own; nothing is kept between calls.
#pragma once

#include <cstdint>
#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

struct BackupMade {
  Sequence sequence;  // of the last row in it
  std::string cluster_uuid;
};

// Copies the store into the file `path`, which is empty or not there. Commits go on meanwhile and
// are not in it. Error: kIo, also where the disk has not clearly more room than the copy takes: a
// scheduler whose disk is full ends.
[[nodiscard]] Result<BackupMade> write_backup(const StoreFile& file, const std::string& path);

// By how much a restored store's epoch is past that of its backup: more than any scheduler can have
// been started since. Agents that have seen epochs in between still take the new one.
inline constexpr std::uint64_t kRestoredEpochStep = 1'000'000;

// Ids that the scheduler may have given since the backup and whose jobs agents may still name: so
// many a second, twice what submission is built for, but at least kRestoredIdsMin.
inline constexpr std::int64_t kRestoredIdsPerSecond = 20'000;
inline constexpr std::uint64_t kRestoredIdsMin = 1'000'000;

struct Restored {
  std::string cluster_uuid;
  Time as_of;  // of the last row in the backup: what came later is not known
  Epoch epoch;
  JobId next_job;
  std::size_t jobs = 0;
};

// Makes the store `to`, which is not there yet, from a backup. Its journal begins there, with an
// epoch of its own in which ids of jobs go on past any that may have been given since the backup;
// the history of finished jobs is kept, recordings for replay are the backup's alone. Where it
// fails nothing stands at `to`. Errors: kCorrupt where `backup` is no sound store; kIo.
[[nodiscard]] Result<Restored> restore_backup(const std::string& backup, const StoreFile& to,
                                              Time wall);

}  // namespace usine::store
