// The part of SqliteJournal that writes and reads snapshots, in parts small enough that a commit
// never waits long for the one that is being written.
#include <algorithm>
#include <string>

#include "common/digest.h"
#include "scheduler/store/journal_queries.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::store {
namespace {

constexpr std::size_t kPartBytes = 256u << 10;

// Old rows are deleted a slice at a time, for the same reason as parts.
constexpr std::uint64_t kDeleteSlice = 10'000;

Status run(Database& database, std::string_view sql, std::uint64_t argument) {
  auto statement = database.prepare(sql);
  if (!statement) return fail(statement.error());
  return statement->bind(argument).run();
}

Status write_parts(Database& database, Sequence sequence, std::string_view bytes) {
  auto insert = database.prepare("INSERT INTO snapshot_part VALUES (?, ?, ?)");
  if (!insert) return fail(insert.error());
  for (std::uint64_t part = 0; part * kPartBytes < bytes.size(); ++part) {
    insert->bind(sequence.value).bind(part).bind_blob(bytes.substr(part * kPartBytes, kPartBytes));
    if (auto inserted = insert->run(); !inserted) return inserted;
  }
  return {};
}

Status write_head(Database& database, Sequence sequence, std::string_view bytes) {
  auto insert = database.prepare("INSERT INTO snapshot VALUES (?, ?, ?)");
  if (!insert) return fail(insert.error());
  const std::string digest = to_hex(sha256(bytes));
  const std::uint64_t parts = (bytes.size() + kPartBytes - 1) / kPartBytes;
  return insert->bind(sequence.value).bind_text(digest).bind(parts).run();
}

// The sequence of the older of the two newest snapshots; 0 where there are fewer.
Result<std::uint64_t> older_kept(Database& database) {
  auto select =
      database.prepare("SELECT sequence FROM snapshot ORDER BY sequence DESC LIMIT 1 OFFSET 1");
  if (!select) return fail(select.error());
  const auto row = select->step();
  if (!row) return fail(row.error());
  return *row ? static_cast<std::uint64_t>(select->integer(0)) : 0;
}

// What the planner was given before it had seen the row `first`, a slice at a time. `seen` never
// falls from one to the next.
Status prune_planner_inputs(Database& database, std::uint64_t first) {
  while (true) {
    auto slice = database.prepare(
        "DELETE FROM planner_input WHERE id IN (SELECT id FROM (SELECT id, seen FROM planner_input"
        " ORDER BY id LIMIT ?) WHERE seen < ?) RETURNING id");
    if (!slice) return fail(slice.error());
    slice->bind(kDeleteSlice).bind(first);
    std::uint64_t gone = 0;
    for (auto row = slice->step(); row.value_or(false) || !row; row = slice->step()) {
      if (!row) return fail(row.error());
      ++gone;
    }
    if (gone < kDeleteSlice) return {};
  }
}

Status prune_rows(Database& database, std::uint64_t first_kept) {
  auto first = database.prepare("SELECT coalesce(min(sequence), 0) FROM journal");
  if (!first) return fail(first.error());
  if (const auto row = first->step(); !row) return fail(row.error());
  auto from = static_cast<std::uint64_t>(first->integer(0));
  first->reset();
  for (; from < first_kept; from += kDeleteSlice) {
    const std::uint64_t to = std::min(from + kDeleteSlice, first_kept);
    if (auto gone = run(database, "DELETE FROM journal WHERE sequence < ?", to); !gone) return gone;
  }
  return {};
}

Status prune(Database& database, std::uint64_t replay_rows) {
  const auto older = older_kept(database);
  if (!older) return fail(older.error());
  Status done = run(database, "DELETE FROM snapshot WHERE sequence < ?", *older);
  if (done) done = run(database, "DELETE FROM snapshot_part WHERE sequence < ?", *older);
  if (!done || *older <= replay_rows) return done;
  done = prune_rows(database, *older - replay_rows);
  if (done) done = prune_planner_inputs(database, *older - replay_rows);
  return done;
}

}  // namespace

Status SqliteJournal::write_snapshot(const Snapshot& snapshot) {
  const Sequence at = snapshot.sequence;
  // A writer that was cut off may have left parts of the same sequence.
  Status done = run(database_, "DELETE FROM snapshot WHERE sequence = ?", at.value);
  if (done) done = run(database_, "DELETE FROM snapshot_part WHERE sequence = ?", at.value);
  if (done) done = write_parts(database_, at, snapshot.state);
  if (done) done = write_head(database_, at, snapshot.state);
  if (done) done = prune(database_, replay_rows_);
  return done;
}

Result<std::optional<Journal::Snapshot>> SqliteJournal::newest_snapshot() {
  auto heads = database_.prepare("SELECT sequence, digest FROM snapshot ORDER BY sequence DESC");
  if (!heads) return fail(heads.error());
  bool damaged = false;
  while (true) {
    const auto more = heads->step();
    if (!more) return fail(more.error());
    if (!*more) break;
    const auto sequence = static_cast<std::uint64_t>(heads->integer(0));
    auto bytes = read_snapshot_bytes(database_, sequence);
    if (!bytes && bytes.error().code != ErrorCode::kCorrupt) return fail(bytes.error());
    if (bytes && to_hex(sha256(*bytes)) == heads->text(1)) {
      return Snapshot{Sequence{sequence}, std::move(*bytes)};
    }
    damaged = true;
  }
  if (damaged) return fail(ErrorCode::kCorrupt, "no snapshot in the store has its digest");
  return std::nullopt;
}

}  // namespace usine::store
