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
// The same with their steps, of which each may have StepRecords::kKeptMax.
inline constexpr std::uint32_t kStepPageMax = 10;

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
  bool with_steps = false;  // then at most kStepPageMax entries a page
};

struct HistoryPage {
  std::vector<HistoryRow> entries;   // in the order in which they were recorded
  std::vector<StepRecords> steps;    // parallel to entries; empty where they were not asked for
  std::uint64_t next_after_row = 0;  // 0: that was the last page
};

class HistoryReader {
 public:
  // The file exists: a SqliteJournal has been opened on it. Error: kIo.
  [[nodiscard]] static Result<HistoryReader> open(const StoreFile& file);

  [[nodiscard]] Result<HistoryPage> list(const HistoryFilter& filter);

 private:
  [[nodiscard]] Result<StepRecords> steps_of(AttemptKey key);

  explicit HistoryReader(Database database) : database_(std::move(database)) {}
  Database database_;
};

}  // namespace usine::store
