// What daemons recorded, decided once more: every command of the journal goes through the
// production core, every pass through the production planner, and what comes out is held against
// what they wrote down (DESIGN 4.9). Pure; the store's reader is behind Recording.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "scheduler/core/state.h"
#include "scheduler/engine/journal.h"

namespace usine::sim {

// The digest of a state that daemons wrote down on the way (Journal::Snapshot).
struct SnapshotMark {
  Sequence sequence;
  std::string digest;  // SHA-256 (hex) of the snapshot's bytes
};

struct Recording {
  State begin;  // before the first row
  // Gives every row after `begin`, ascending; stops at the first error of `visit`.
  std::function<Status(const std::function<Status(const JournalRow&)>& visit)> read_rows;
  std::vector<PlannerInput> planner_inputs;  // in their order; `seen` never falls
  std::vector<SnapshotMark> snapshots;       // ascending, after `begin`
};

// The first decision that came out otherwise.
struct RecordedDifference {
  Sequence row;         // of a pass: the last row that its planner had seen
  std::string command;  // that the row holds, by name; of a pass: "pass"
  std::string what;     // one line, for people
};

struct RecordedDigests {
  std::string recorded;  // SHA-256 (hex)
  std::string replayed;
};

struct RecordedReport {
  Sequence first;  // row; 0 where there is none
  Sequence last;
  std::uint64_t rows = 0;
  std::uint64_t events = 0;
  std::uint64_t snapshots = 0;  // that the replayed state was equal to
  RecordedDigests core;         // over all rows: sequence, time, command and events
  std::uint64_t planners = 0;   // that began within the record
  std::uint64_t passes = 0;     // made again
  std::uint64_t plans = 0;      // of them with proposals
  // Of planners whose beginning is older than the record: a planner is followed from its start.
  std::uint64_t passes_left_out = 0;
  RecordedDigests planner;  // over all passes that were made again, and what they proposed
  std::optional<RecordedDifference> difference;
};

// Goes on to the end of the record where something differs, so that its own digest is the record's.
// Errors: those of reading; kCorrupt for a row that this program cannot read.
[[nodiscard]] Result<RecordedReport> replay_recorded(const Recording& recording);

}  // namespace usine::sim
