#include "scheduler/store/journal_queries.h"

namespace usine::store {

Status read_journal_rows(Database& database, Sequence after,
                         const std::function<Status(const JournalRow&)>& visit) {
  auto rows = database.prepare(
      "SELECT sequence, time_ms, version, command, events FROM journal"
      " WHERE sequence > ? ORDER BY sequence");
  if (!rows) return fail(rows.error());
  rows->bind(after.value);
  while (true) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    const JournalRow row{.sequence = {static_cast<std::uint64_t>(rows->integer(0))},
                         .time = Time(Millis(rows->integer(1))),
                         .version = static_cast<std::uint32_t>(rows->integer(2)),
                         .command = std::string(rows->blob(3)),
                         .events = std::string(rows->blob(4))};
    if (Status visited = visit(row); !visited) return visited;
  }
}

Result<std::string> read_snapshot_bytes(Database& database, std::uint64_t sequence) {
  auto select =
      database.prepare("SELECT content FROM snapshot_part WHERE sequence = ? ORDER BY part");
  if (!select) return fail(select.error());
  select->bind(sequence);
  std::string bytes;
  while (true) {
    const auto more = select->step();
    if (!more) return fail(more.error());
    if (!*more) return bytes;
    bytes += select->blob(0);
  }
}

}  // namespace usine::store
