#include "scheduler/store/backup.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "scheduler/engine/engine.h"
#include "scheduler/store/schema.h"

namespace usine::store {
namespace {

namespace fs = std::filesystem;

// What must be left on the disk once the copy is there: the journal goes on growing.
constexpr std::uintmax_t kRoomKept = std::uintmax_t{64} << 20;

Result<std::int64_t> number(Database& database, std::string_view sql) {
  auto select = database.prepare(sql);
  if (!select) return fail(select.error());
  const auto row = select->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorCode::kCorrupt, "the store has lost its table meta");
  return select->integer(0);
}

Status copy_into(Database& database, const std::string& path) {
  auto copy = database.prepare("VACUUM INTO ?");
  if (!copy) return fail(copy.error());
  return copy->bind_text(path).run();
}

Status check_room(Database& database, const std::string& path) {
  const auto pages = number(database, "PRAGMA page_count");
  if (!pages) return fail(pages.error());
  const auto page_bytes = number(database, "PRAGMA page_size");
  if (!page_bytes) return fail(page_bytes.error());
  const auto needed = static_cast<std::uintmax_t>(*pages * *page_bytes) + kRoomKept;
  const fs::path folder = fs::absolute(path).parent_path();
  std::error_code error;
  const fs::space_info space = fs::space(folder, error);
  if (error) return fail(ErrorCode::kIo, folder.string() + ": " + error.message());
  if (space.available >= needed) return {};
  return fail(ErrorCode::kIo, folder.string() + " has " + std::to_string(space.available >> 20) +
                                  " MiB free, and a copy of the store wants " +
                                  std::to_string(needed >> 20) + " MiB: make room first");
}

Result<BackupMade> summary_of(const std::string& path, const std::string& vfs) {
  auto copy = Database::open(path, Access::kReadOnly, vfs);
  if (!copy) return fail(copy.error());
  auto meta = copy->prepare("SELECT last_sequence, cluster_uuid FROM meta");
  if (!meta) return fail(meta.error());
  const auto row = meta->step();
  if (!row) return fail(row.error());
  if (!*row) return fail(ErrorCode::kCorrupt, "the store has lost its table meta");
  return BackupMade{Sequence{static_cast<std::uint64_t>(meta->integer(0))},
                    std::string(meta->text(1))};
}

// ---- restoring --------------------------------------------------------------------------------

Result<Database> open_backup(const std::string& path) {
  auto backup = Database::open(path, Access::kReadOnly, {});
  if (!backup) return fail(backup.error());
  const auto version = number(*backup, "PRAGMA user_version");
  if (version && *version == kSchemaVersion) return backup;
  return fail(ErrorCode::kCorrupt,
              path +
                  " is no backup that this program can read: name a file that `usine backup` of "
                  "this version, or of one before it, has written");
}

// The first id that no job can have been given since the backup.
JobId least_next_job(const State& state, Time wall) {
  const std::int64_t seconds =
      std::max<std::int64_t>(0, std::chrono::ceil<Seconds>(wall - state.now).count());
  const auto given = static_cast<std::uint64_t>(seconds * kRestoredIdsPerSecond);
  const std::uint64_t past = state.next_job.value + std::max(given, kRestoredIdsMin);
  return JobId{(past / kRestoredIdsMin + 1) * kRestoredIdsMin};
}

Status lift_epoch(const StoreFile& file) {
  auto database = Database::open(file.path, Access::kCreate, file.vfs);
  if (!database) return fail(database.error());
  auto lift = database->prepare("UPDATE meta SET epoch = epoch + ?");
  if (!lift) return fail(lift.error());
  return lift->bind(kRestoredEpochStep - 1).run();
}

// The journal begins anew at `state`: what was recorded before would replay to other ids.
Status begin_with(SqliteJournal& journal, const StoreFile& file, const State& state) {
  Status done = journal.write_snapshot({state.sequence, encode_snapshot(state)});
  auto database = Database::open(file.path, Access::kCreate, file.vfs);
  if (!database) return fail(database.error());
  const std::string at = std::to_string(state.sequence.value);
  for (const std::string table : {"snapshot", "snapshot_part"}) {
    if (done)
      done = database->execute(("DELETE FROM " + table + " WHERE sequence < " + at).c_str());
  }
  if (done) done = database->execute("DELETE FROM journal; DELETE FROM planner_input");
  return done;
}

// What a start of a scheduler does, in an epoch far above the backup's.
Result<Restored> begin_anew(const StoreFile& file, Time wall) {
  auto journal = SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  auto state = recover(*journal);
  if (!state) return fail(state.error());
  if (!state->config) {
    return fail(ErrorCode::kCorrupt, "the backup holds no cluster: its scheduler never started");
  }
  const Time as_of = state->now;
  state->next_job = least_next_job(*state, wall);
  if (auto begun = begin_with(*journal, file, *state); !begun) return fail(begun.error());
  if (auto lifted = lift_epoch(file); !lifted) return fail(lifted.error());
  const auto epoch = journal->open_epoch();
  if (!epoch) return fail(epoch.error());
  const auto config = state->config;
  Engine engine(*std::move(state), {*epoch, config, {}}, wall);
  const Batch first = engine.take_batch();
  if (auto done = journal->commit(*epoch, first.expected, first.commit); !done) {
    return fail(done.error());
  }
  const State& now = engine.state();
  return Restored{now.cluster_uuid, as_of, *epoch, now.next_job, now.jobs.size()};
}

void remove_store(const std::string& path) {
  std::error_code ignored;
  for (const char* const suffix : {"", "-wal", "-shm", "-journal"}) {
    fs::remove(path + suffix, ignored);
  }
}

}  // namespace

Result<BackupMade> write_backup(const StoreFile& file, const std::string& path) {
  auto store = Database::open(file.path, Access::kReadOnly, file.vfs);
  if (!store) return fail(store.error());
  if (auto room = check_room(*store, path); !room) return fail(room.error());
  if (auto copied = copy_into(*store, path); !copied) {
    return fail(copied.error().within("copying the store"));
  }
  return summary_of(path, file.vfs);
}

Result<Restored> restore_backup(const std::string& backup, const StoreFile& to, Time wall) {
  auto source = open_backup(backup);
  if (!source) return fail(source.error());
  // Made beside its place: a restore that is cut short leaves no store that could be started on.
  StoreFile fresh = to;
  fresh.path += ".restoring";
  remove_store(fresh.path);
  const Status copied = copy_into(*source, fresh.path);
  // Closes the store again, so that all of it is in the one file.
  Result<Restored> restored = copied ? begin_anew(fresh, wall) : fail(copied.error());
  std::error_code error;
  if (restored) fs::create_hard_link(fresh.path, to.path, error);
  remove_store(fresh.path);
  if (!restored) return fail(restored.error().within("restoring " + backup));
  if (error) return fail(ErrorCode::kIo, to.path + ": " + error.message());
  return restored;
}

}  // namespace usine::store
