// What the journal's connection and the readers beside it ask the tables of a store alike.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "scheduler/engine/journal.h"
#include "scheduler/store/sqlite.h"

namespace usine::store {

// Every row after `after`, ascending; stops at the first error of `visit`.
Status read_journal_rows(Database& database, Sequence after,
                         const std::function<Status(const JournalRow&)>& visit);

// The bytes of the snapshot of that sequence; empty where there is none.
[[nodiscard]] Result<std::string> read_snapshot_bytes(Database& database, std::uint64_t sequence);

}  // namespace usine::store
