#include "scheduler/store/snapshotter.h"

#include "scheduler/engine/engine.h"

namespace usine::store {

Result<SnapshotMade> make_snapshot(const StoreFile& file) {
  auto journal = SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  const auto state = recover(*journal);
  if (!state) return fail(state.error());
  const Status written = journal->write_snapshot({state->sequence, encode_snapshot(*state)});
  if (!written) return fail(written.error().within("writing a snapshot"));
  return SnapshotMade{state->sequence, digest(*state)};
}

}  // namespace usine::store
