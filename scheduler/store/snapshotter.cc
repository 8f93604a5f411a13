#include "scheduler/store/snapshotter.h"

#include "scheduler/engine/engine.h"

namespace usine::store {
namespace {

// A snapshot's share of this work: a few hundred megabytes at most, and commits wait for it once.
constexpr std::size_t kBlobsDroppedMax = 2'000;

}  // namespace

Result<SnapshotMade> make_snapshot(const StoreFile& file) {
  auto journal = SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  const auto state = recover(*journal);
  if (!state) return fail(state.error());
  const Status written = journal->write_snapshot({state->sequence, encode_snapshot(*state)});
  if (!written) return fail(written.error().within("writing a snapshot"));
  const auto dropped = journal->drop_unused_blobs(*state, kBlobsDroppedMax);
  if (!dropped) return fail(dropped.error().within("dropping the scripts of forgotten jobs"));
  return SnapshotMade{state->sequence, digest(*state), *dropped};
}

}  // namespace usine::store
