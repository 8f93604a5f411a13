// Finished jobs for queries, read from the store on a connection of its own, which sees what is
// committed and holds up no commit. One reader belongs to one thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/store/sqlite_journal.h"

namespace usine::store {

// At most this many entries a page; also what a limit of 0 means.
inline constexpr std::uint32_t kHistoryPageMax = 1'000;

struct HistoryFilter {
  std::string user;                          // empty: any
  std::string project;                       // empty: any
  std::optional<Time> from;                  // ended at or after
  std::optional<Time> to;                    // ended before
  JobId job;                                 // 0: any
  bool with_tasks = false;                   // of an array `job` also the rows of its tasks
  std::optional<std::uint32_t> array_index;  // instead, those of its task of that index
  std::uint64_t after_row = 0;
  std::uint32_t limit = 0;
};

struct HistoryPage {
  std::vector<HistoryRow> entries;   // in the order in which they were recorded
  std::uint64_t next_after_row = 0;  // 0: that was the last page
};

class HistoryReader {
 public:
  // The file exists: a SqliteJournal has been opened on it. Error: kIo.
  [[nodiscard]] static Result<HistoryReader> open(const StoreFile& file);

  [[nodiscard]] Result<HistoryPage> list(const HistoryFilter& filter);

 private:
  explicit HistoryReader(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace usine::store
