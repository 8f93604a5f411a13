#include "scheduler/store/recording_reader.h"

#include "scheduler/store/journal_queries.h"
#include "scheduler/store/schema.h"

namespace usine::store {
namespace {

Result<std::int64_t> single_integer(Database& database, std::string_view sql) {
  auto select = database.prepare(sql);
  if (!select) return fail(select.error());
  const auto row = select->step();
  if (!row) return fail(row.error());
  return *row ? select->integer(0) : 0;
}

Sequence sequence_of(const Statement& row, int column) {
  return {static_cast<std::uint64_t>(row.integer(column))};
}

}  // namespace

Result<RecordingReader> RecordingReader::open(const StoreFile& file) {
  auto database = Database::open(file.path, Access::kReadOnly, file.vfs);
  if (!database) return fail(database.error());
  // All reads are of the moment of the first one.
  if (Status begun = database->execute("BEGIN"); !begun) return fail(begun.error());
  const auto version = single_integer(*database, "PRAGMA user_version");
  if (!version) return fail(version.error());
  if (*version != kSchemaVersion) {
    return fail(ErrorCode::kCorrupt, file.path + " is no store of this program's: its tables are " +
                                         "of version " + std::to_string(*version) + ", not " +
                                         std::to_string(kSchemaVersion));
  }
  return RecordingReader(*std::move(database));
}

Result<State> RecordingReader::begin() {
  const auto first = single_integer(database_, "SELECT coalesce(min(sequence), 1) FROM journal");
  if (!first) return fail(first.error());
  if (*first == 1) return State{};
  auto oldest = database_.prepare(
      "SELECT min(sequence) FROM snapshot WHERE sequence >= ? HAVING count(*) > 0");
  if (!oldest) return fail(oldest.error());
  const auto row = oldest->bind(*first - 1).step();
  if (!row) return fail(row.error());
  if (!*row) {
    return fail(ErrorCode::kCorrupt, "the journal begins with row " + std::to_string(*first) +
                                         " and no snapshot goes before it");
  }
  const auto bytes = read_snapshot_bytes(database_, sequence_of(*oldest, 0).value);
  if (!bytes) return fail(bytes.error());
  return decode_snapshot(*bytes);
}

Status RecordingReader::read_rows(Sequence after,
                                  const std::function<Status(const JournalRow&)>& visit) {
  return read_journal_rows(database_, after, visit);
}

Result<std::vector<SnapshotHead>> RecordingReader::snapshots(Sequence after) {
  auto select = database_.prepare(
      "SELECT sequence, digest FROM snapshot WHERE sequence > ? ORDER BY sequence");
  if (!select) return fail(select.error());
  select->bind(after.value);
  std::vector<SnapshotHead> heads;
  while (true) {
    const auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return heads;
    heads.push_back({sequence_of(*select, 0), std::string(select->text(1))});
  }
}

Result<std::vector<PlannerInput>> RecordingReader::planner_inputs(Sequence from) {
  auto select = database_.prepare(
      "SELECT step, seen, now_ms, content FROM planner_input WHERE seen >= ? ORDER BY id");
  if (!select) return fail(select.error());
  select->bind(from.value);
  std::vector<PlannerInput> inputs;
  while (true) {
    const auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return inputs;
    inputs.push_back({static_cast<PlannerStep>(select->integer(0)), sequence_of(*select, 1),
                      Time(Millis(select->integer(2))), std::string(select->blob(3))});
  }
}

}  // namespace usine::store
