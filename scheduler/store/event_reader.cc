#include "scheduler/store/event_reader.h"

#include <optional>
#include <string>

#include "scheduler/store/journal_queries.h"

namespace usine::store {

Result<EventReader> EventReader::open(const StoreFile& file) {
  auto database = Database::open(file.path, Access::kReadOnly, file.vfs);
  if (!database) return fail(database.error());
  // All reads are of the moment of the first one.
  if (Status begun = database->execute("BEGIN"); !begun) return fail(begun.error());
  return EventReader(*std::move(database));
}

Result<std::optional<Time>> EventReader::time_at(std::uint64_t sequence) {
  auto select = database_.prepare(
      "SELECT time_ms FROM journal WHERE sequence >= ? ORDER BY sequence LIMIT 1");
  if (!select) return fail(select.error());
  const auto row = select->bind(sequence).step();
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  return Time(Millis(select->integer(0)));
}

Result<std::uint64_t> EventReader::end_of_sequences(const char* which) {
  auto select =
      database_.prepare(std::string("SELECT coalesce(") + which + "(sequence), 0) FROM journal");
  if (!select) return fail(select.error());
  if (const auto row = select->step(); !row) return fail(row.error());
  return static_cast<std::uint64_t>(select->integer(0));
}

Result<std::uint64_t> EventReader::first_of(Time from) {
  const auto first = end_of_sequences("min");
  if (!first) return fail(first.error());
  const auto last = end_of_sequences("max");
  if (!last) return fail(last.error());
  std::uint64_t low = *first;
  for (std::uint64_t high = *last + 1; low < high;) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto time = time_at(middle);
    if (!time) return fail(time.error());
    if (*time && **time < from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<bool> EventReader::begins_after(Time from) {
  const auto first = end_of_sequences("min");
  if (!first) return fail(first.error());
  const auto time = time_at(*first);
  if (!time) return fail(time.error());
  return *first > 1 && (!*time || **time > from);
}

Status EventReader::read(Time from, const std::function<bool(const Applied&)>& visit) {
  const auto first = first_of(from);
  if (!first) return fail(first.error());
  bool goes_on = true;
  // Any error ends the walk through the rows; this one is no failure.
  const Error enough{ErrorCode::kConflict, ""};
  const Sequence before{*first == 0 ? 0 : *first - 1};
  const Status read = read_journal_rows(database_, before, [&](const JournalRow& row) -> Status {
    auto events = decode_events(row.version, row.events);
    if (!events) return fail(events.error().within("row " + std::to_string(row.sequence.value)));
    goes_on = visit({row.sequence, row.time, *std::move(events)});
    return goes_on ? Status() : fail(enough);
  });
  return goes_on ? read : Status();
}

}  // namespace usine::store
