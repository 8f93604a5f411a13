// A journal in memory that survives the schedulers that use it, with the failures of a disk on
// order: the next commit may be refused or may die after it took. Blobs and snapshots included.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/engine/journal.h"

namespace usine::sim {

class MemoryJournal final : public Journal {
 public:
  Result<Epoch> open_epoch() override;
  Status commit(Epoch epoch, Sequence expected, const CommitBatch& batch) override;
  Result<std::optional<Snapshot>> newest_snapshot() override;
  Status write_snapshot(const Snapshot& snapshot) override;
  Status read_rows(Sequence after, const std::function<Status(const JournalRow&)>& visit) override;
  Result<std::string> read_blob(const std::string& hash) override;

  // The next commit takes nothing and says kIo, as a full disk does.
  void fail_next_commit() { fail_next_ = true; }

  [[nodiscard]] const std::vector<JournalRow>& rows() const { return rows_; }
  [[nodiscard]] const std::vector<HistoryRow>& history() const { return history_; }
  [[nodiscard]] const std::vector<PlannerInput>& planner_inputs() const { return planner_inputs_; }

 private:
  Epoch epoch_;
  std::vector<JournalRow> rows_;  // rows_[i] has sequence i + 1
  std::vector<HistoryRow> history_;
  std::vector<PlannerInput> planner_inputs_;
  std::map<std::string, std::string> blobs_;
  std::optional<Snapshot> snapshot_;
  bool fail_next_ = false;
};

}  // namespace usine::sim
