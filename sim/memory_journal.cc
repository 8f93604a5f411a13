#include "sim/memory_journal.h"

#include <utility>

namespace usine::sim {

Result<Epoch> MemoryJournal::open_epoch() {
  ++epoch_.value;
  return epoch_;
}

Status MemoryJournal::commit(Epoch epoch, Sequence expected, const CommitBatch& batch) {
  if (std::exchange(fail_next_, false)) {
    return fail(ErrorCode::kIo, "the disk of the simulation is full");
  }
  if (epoch != epoch_ || expected.value != rows_.size()) {
    return fail(ErrorCode::kConflict, "another scheduler has taken over this store");
  }
  rows_.insert(rows_.end(), batch.rows.begin(), batch.rows.end());
  history_.insert(history_.end(), batch.history.begin(), batch.history.end());
  planner_inputs_.insert(planner_inputs_.end(), batch.planner_inputs.begin(),
                         batch.planner_inputs.end());
  for (const Blob& blob : batch.blobs) blobs_.emplace(blob.hash, blob.content);
  return {};
}

Result<std::optional<Journal::Snapshot>> MemoryJournal::newest_snapshot() { return snapshot_; }

Status MemoryJournal::write_snapshot(const Snapshot& snapshot) {
  snapshot_ = snapshot;
  return {};
}

Status MemoryJournal::read_rows(Sequence after,
                                const std::function<Status(const JournalRow&)>& visit) {
  for (std::size_t i = after.value; i < rows_.size(); ++i) {
    if (Status visited = visit(rows_[i]); !visited) return visited;
  }
  return {};
}

Result<std::string> MemoryJournal::read_blob(const std::string& hash) {
  const auto found = blobs_.find(hash);
  if (found != blobs_.end()) return found->second;
  return fail(ErrorCode::kNotFound, "the store holds no blob " + hash);
}

}  // namespace usine::sim
