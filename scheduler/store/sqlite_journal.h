// The journal in one SQLite file: write-ahead log, synchronous=FULL, so that commit() returns when
// the batch is on the disk. The daemon's committing thread owns one; a snapshot is made on another
// one of the same file, and history is read by HistoryReader.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "scheduler/engine/journal.h"
#include "scheduler/store/sqlite.h"

namespace usine::store {

struct StoreFile {
  std::string path;  // STATE/usine.db
  std::string vfs;   // a registered SQLite VFS; empty: the system's own
  // Rows older than the older snapshot that are kept for replay; what is older goes, so that the
  // file has a bound.
  std::uint64_t replay_rows = 1'000'000;
};

class SqliteJournal final : public Journal {
 public:
  // Creates the file where there is none. Errors: kIo; kCorrupt for a file that is no store of ours
  // or of a newer program.
  [[nodiscard]] static Result<SqliteJournal> open(const StoreFile& file);

  Result<Epoch> open_epoch() override;

  // After a failure what the disk holds is known only to a fresh opener: every later commit repeats
  // the first one's error, and the process must end (DESIGN 4.1).
  Status commit(Epoch epoch, Sequence expected, const CommitBatch& batch) override;

  // The newest whose bytes have the digest they were written with.
  Result<std::optional<Snapshot>> newest_snapshot() override;
  // Keeps the two newest snapshots, and the journal from the older of them on at least; what the
  // planner was given goes with the rows that it had seen.
  Status write_snapshot(const Snapshot& snapshot) override;
  Status read_rows(Sequence after, const std::function<Status(const JournalRow&)>& visit) override;
  Result<std::string> read_blob(const std::string& hash) override;

  // Deletes at most `most` scripts and environments that neither a job of `state` nor a submission
  // committed after it names; gives how many. Commits may go on beside it.
  [[nodiscard]] Result<std::size_t> drop_unused_blobs(const State& state, std::size_t most);

  // Empty on a store that has never been committed to.
  [[nodiscard]] Result<std::string> cluster_uuid();

 private:
  struct Statements {
    Statement meta, advance, insert_row, insert_blob, insert_history, insert_step, insert_left_out,
        insert_planner_input;
  };

  SqliteJournal() = default;
  Status prepare_statements();
  Status commit_all(Epoch epoch, Sequence expected, const CommitBatch& batch);
  Status check_owner(Epoch epoch, Sequence expected, const CommitBatch& batch);
  Status insert(const JournalRow& row);
  Status insert(const Blob& blob);
  Status insert(const HistoryRow& row);
  Status insert(const StepRows& rows);
  Status insert(AttemptKey key, const StepRecord& step);
  Status insert(const PlannerInput& input);

  Database database_;
  std::uint64_t replay_rows_ = 0;
  Statements statements_;
  Status failed_;  // the first failure of a commit
};

}  // namespace usine::store
