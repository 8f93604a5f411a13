#include "scheduler/store/sqlite_journal.h"

#include <initializer_list>
#include <utility>

#include "scheduler/store/journal_queries.h"
#include "scheduler/store/schema.h"

namespace usine::store {
namespace {

std::int64_t millis(Time time) { return time.time_since_epoch().count(); }

std::optional<std::int64_t> millis(std::optional<Time> time) {
  if (!time) return std::nullopt;
  return millis(*time);
}

Status create_schema(Database& database, const std::string& path) {
  auto version = database.prepare("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto row = version->step();
  if (!row) return fail(row.error());
  const std::int64_t found = version->integer(0);
  version->reset();
  if (found == kSchemaVersion) return {};
  if (found != 0) {
    return fail(ErrorCode::kCorrupt, path + " has tables of version " + std::to_string(found) +
                                         ", this program knows version " +
                                         std::to_string(kSchemaVersion) +
                                         "; run the scheduler that wrote it");
  }
  auto transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  if (auto created = database.execute(kSchemaSql); !created) return created;
  const std::string mark = "PRAGMA user_version = " + std::to_string(kSchemaVersion);
  if (auto marked = database.execute(mark.c_str()); !marked) return marked;
  return transaction->commit();
}

}  // namespace

Result<SqliteJournal> SqliteJournal::open(const StoreFile& file) {
  auto database = Database::open(file.path, Access::kCreate, file.vfs);
  if (!database) return fail(database.error());
  SqliteJournal journal;
  journal.database_ = std::move(*database);
  journal.replay_rows_ = file.replay_rows;
  Status ready = journal.database_.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  if (ready) ready = create_schema(journal.database_, file.path);
  if (ready) ready = journal.prepare_statements();
  if (!ready) return fail(ready.error());
  return journal;
}

Status SqliteJournal::prepare_statements() {
  const std::initializer_list<std::pair<Statement*, std::string_view>> texts = {
      {&statements_.meta, "SELECT cluster_uuid, epoch, last_sequence FROM meta"},
      {&statements_.advance,
       "UPDATE meta SET last_sequence = ?1,"
       " cluster_uuid = CASE ?2 WHEN '' THEN cluster_uuid ELSE ?2 END"},
      {&statements_.insert_row, "INSERT INTO journal VALUES (?, ?, ?, ?, ?)"},
      {&statements_.insert_blob, "INSERT OR IGNORE INTO blob VALUES (?, ?)"},
      {&statements_.insert_history,
       "INSERT INTO history VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
       " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&statements_.insert_step,
       "INSERT OR IGNORE INTO step VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&statements_.insert_left_out, "INSERT OR IGNORE INTO steps_left_out VALUES (?, ?, ?)"},
      {&statements_.insert_planner_input, "INSERT INTO planner_input VALUES (NULL, ?, ?, ?, ?)"}};
  for (const auto& [statement, sql] : texts) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return fail(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<Epoch> SqliteJournal::open_epoch() {
  auto transaction = Transaction::begin(database_);
  if (!transaction) return fail(transaction.error());
  auto take = database_.prepare("UPDATE meta SET epoch = epoch + 1 RETURNING epoch");
  if (!take) return fail(take.error());
  const auto row = take->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorCode::kCorrupt, "the store has lost its table meta");
  const Epoch epoch{static_cast<std::uint64_t>(take->integer(0))};
  take->reset();
  if (auto committed = transaction->commit(); !committed) return fail(committed.error());
  return epoch;
}

Status SqliteJournal::commit(Epoch epoch, Sequence expected, const CommitBatch& batch) {
  if (!failed_) return failed_;
  Status committed = commit_all(epoch, expected, batch);
  if (!committed) failed_ = committed;
  return committed;
}

Status SqliteJournal::commit_all(Epoch epoch, Sequence expected, const CommitBatch& batch) {
  if (batch.rows.empty() && batch.planner_inputs.empty()) return {};
  auto transaction = Transaction::begin(database_);
  if (!transaction) return fail(transaction.error());
  if (auto owner = check_owner(epoch, expected, batch); !owner) return owner;
  for (const JournalRow& row : batch.rows) {
    if (auto inserted = insert(row); !inserted) return inserted;
  }
  for (const Blob& blob : batch.blobs) {
    if (auto inserted = insert(blob); !inserted) return inserted;
  }
  for (const HistoryRow& row : batch.history) {
    if (auto inserted = insert(row); !inserted) return inserted;
  }
  for (const StepRows& rows : batch.steps) {
    if (auto inserted = insert(rows); !inserted) return inserted;
  }
  for (const PlannerInput& input : batch.planner_inputs) {
    if (auto inserted = insert(input); !inserted) return inserted;
  }
  const Sequence last = batch.rows.empty() ? expected : batch.rows.back().sequence;
  statements_.advance.bind(last.value).bind_text(batch.cluster_uuid);
  if (auto advanced = statements_.advance.run(); !advanced) return advanced;
  return transaction->commit();
}

Status SqliteJournal::check_owner(Epoch epoch, Sequence expected, const CommitBatch& batch) {
  Statement& meta = statements_.meta;
  const auto row = meta.step();
  if (!row) return fail(row.error());
  const std::string uuid(meta.text(0));
  const Epoch stored_epoch{static_cast<std::uint64_t>(meta.integer(1))};
  const Sequence stored{static_cast<std::uint64_t>(meta.integer(2))};
  meta.reset();
  if (stored_epoch != epoch || stored != expected) {
    return fail(ErrorCode::kConflict, "another scheduler has taken over this store (epoch " +
                                          std::to_string(stored_epoch.value) + ", this one has " +
                                          std::to_string(epoch.value) + ")");
  }
  if (!uuid.empty() && !batch.cluster_uuid.empty() && uuid != batch.cluster_uuid) {
    return fail(ErrorCode::kConflict, "this store belongs to cluster " + uuid);
  }
  return {};
}

Status SqliteJournal::insert(const JournalRow& row) {
  return statements_.insert_row.bind(row.sequence.value)
      .bind(millis(row.time))
      .bind(row.version)
      .bind_blob(row.command)
      .bind_blob(row.events)
      .run();
}

Status SqliteJournal::insert(const Blob& blob) {
  return statements_.insert_blob.bind_text(blob.hash).bind_blob(blob.content).run();
}

Status SqliteJournal::insert(const HistoryRow& row) {
  return statements_.insert_history.bind(row.key.job.value)
      .bind(row.key.attempt.value)
      .bind_text(row.name)
      .bind_text(row.user)
      .bind_text(row.project)
      .bind_text(row.partition)
      .bind_text(to_string(row.state))
      .bind_text(to_string(row.exit.cause))
      .bind(row.exit.exit_code)
      .bind(row.exit.signal)
      .bind_text(row.exit.message)
      .bind_text(row.message)
      .bind(millis(row.submitted))
      .bind(millis(row.started))
      .bind(millis(row.ended))
      .bind(row.elapsed.count())
      .bind(row.nodes)
      .bind(row.gpus)
      .bind(row.cores)
      .bind_text(row.node_list)
      .bind(row.peak_memory_mib)
      .bind(static_cast<std::int64_t>(row.final ? 1 : 0))
      .bind(row.array_id.value)
      .bind(row.array_index)
      .bind(row.gpu_ms)
      .bind(row.core_ms)
      .bind(row.use.cpu.count())
      .bind(row.use.gpu_seen.count())
      .bind(row.use.gpu_busy.count())
      .bind(row.use.gpu_memory_mib)
      .run();
}

Status SqliteJournal::insert(const StepRows& rows) {
  for (const StepRecord& step : rows.steps.kept) {
    if (auto inserted = insert(rows.key, step); !inserted) return inserted;
  }
  if (rows.steps.left_out == 0) return {};
  return statements_.insert_left_out.bind(rows.key.job.value)
      .bind(rows.key.attempt.value)
      .bind(rows.steps.left_out)
      .run();
}

Status SqliteJournal::insert(AttemptKey key, const StepRecord& step) {
  return statements_.insert_step.bind(key.job.value)
      .bind(key.attempt.value)
      .bind(step.step)
      .bind_text(step.name)
      .bind(step.tasks)
      .bind(step.nodes)
      .bind(step.exit_code)
      .bind(step.signal)
      .bind(millis(step.started))
      .bind(step.elapsed.count())
      .bind(step.peak_memory_mib)
      .bind(step.use.cpu.count())
      .bind(step.use.gpu_seen.count())
      .bind(step.use.gpu_busy.count())
      .bind(step.use.gpu_memory_mib)
      .run();
}

Status SqliteJournal::insert(const PlannerInput& input) {
  return statements_.insert_planner_input.bind(static_cast<std::int64_t>(input.step))
      .bind(input.seen.value)
      .bind(millis(input.now))
      .bind_blob(input.content)
      .run();
}

Status SqliteJournal::read_rows(Sequence after,
                                const std::function<Status(const JournalRow&)>& visit) {
  return read_journal_rows(database_, after, visit);
}

Result<std::string> SqliteJournal::read_blob(const std::string& hash) {
  auto find = database_.prepare("SELECT content FROM blob WHERE hash = ?");
  if (!find) return fail(find.error());
  const auto found = find->bind_text(hash).step();
  if (!found) return fail(found.error());
  if (!*found) return fail(ErrorCode::kNotFound, "the store holds no blob " + hash);
  return std::string(find->blob(0));
}

Result<std::string> SqliteJournal::cluster_uuid() {
  const auto row = statements_.meta.step();
  if (!row) return fail(row.error());
  std::string uuid(statements_.meta.text(0));
  statements_.meta.reset();
  return uuid;
}

}  // namespace usine::store
