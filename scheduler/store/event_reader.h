// The events of a time, read from the journal on a connection of its own beside the scheduler that
// writes it. One reader belongs to one thread at a time.
#pragma once

#include <functional>
#include <utility>

#include "common/result.h"
#include "common/time.h"
#include "scheduler/engine/engine.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

class EventReader {
 public:
  // The file exists: a SqliteJournal has been opened on it. Error: kIo.
  [[nodiscard]] static Result<EventReader> open(const StoreFile& file);

  // The rows of `from` and later, in order, until `visit` gives false. Their time never falls from
  // one to the next, so that the first is found without a look at those before it. Errors: kIo;
  // kCorrupt for an event that this program does not know.
  Status read(Time from, const std::function<bool(const Applied&)>& visit);

  // Whether rows of before `from` may be gone, since the journal begins later.
  [[nodiscard]] Result<bool> begins_after(Time from);

 private:
  explicit EventReader(Database database) : database_(std::move(database)) {}

  // The time of the first row at or after `sequence`; none: there is no such row.
  [[nodiscard]] Result<std::optional<Time>> time_at(std::uint64_t sequence);
  [[nodiscard]] Result<std::uint64_t> end_of_sequences(const char* which);
  [[nodiscard]] Result<std::uint64_t> first_of(Time from);

  Database database_;
};

}  // namespace usine::store
