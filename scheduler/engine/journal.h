// The journal as the engine sees it: rows of one command with its events, grouped into batches that
// are committed whole. The port is implemented by store/ (SQLite), by the simulator and by faulty
// doubles in tests. Rows are versioned; an event whose name is not known stops recovery by name.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "model/step_record.h"
#include "scheduler/core/command.h"
#include "scheduler/core/event.h"

namespace usine {

// The format that this program writes; older ones stay readable (tests/engine/formats).
inline constexpr std::uint32_t kJournalVersion = 2;

struct JournalRow {
  Sequence sequence;
  Time time;
  std::uint32_t version = kJournalVersion;
  std::string command;  // encode_command
  std::string events;   // encode_events

  friend bool operator==(const JournalRow&, const JournalRow&) = default;
};

// Bytes named by their SHA-256 in hex: scripts and environments, outside the state.
struct Blob {
  std::string hash;
  std::string content;

  friend bool operator==(const Blob&, const Blob&) = default;
};

// One attempt in the books, whether it was the last of its job or not (B40), or the end of a job
// that waited.
struct HistoryRow {
  // Attempt 0: the job ended without one, while it waited. Of an array: how often it had been taken
  // up again after its end.
  AttemptKey key;
  JobId array_id = {};            // of a task: its array
  std::uint32_t array_index = 0;  // of a task
  std::string name, user, project, partition;
  JobState state = JobState::kCompleted;
  ExitStatus exit;
  std::string message;
  Time submitted{};
  std::optional<Time> started;  // none: never ran
  Time ended{};
  Millis elapsed{0};  // of the head, monotonic
  std::uint32_t nodes = 0;
  std::uint64_t gpus = 0;
  std::uint64_t cores = 0;
  std::string node_list;  // compressed host list, in rank order
  std::int64_t peak_memory_mib = 0;
  std::int64_t gpu_ms = 0;   // over its nodes: the GPUs on each times how long its part took (B84)
  std::int64_t core_ms = 0;  // the same with cores
  ResourceUse use;           // over its nodes
  bool final = false;        // the job ended with this attempt

  friend bool operator==(const HistoryRow&, const HistoryRow&) = default;
};

// What the steps of an attempt came to.
struct StepRows {
  AttemptKey key;
  StepRecords steps;

  friend bool operator==(const StepRows&, const StepRows&) = default;
};

// What a planner did that the journal's rows do not tell.
enum class PlannerStep : std::uint8_t {
  kBegan = 1,        // on the state after the row `seen`
  kLookedAgain = 2,  // was told that something of its plan was rejected
  kPlanned = 3,      // made a pass
};

// One of them, with what its replay needs (engine/recording_planner.h).
struct PlannerInput {
  PlannerStep step = PlannerStep::kPlanned;
  Sequence seen;        // the last row that the planner had taken
  Time now{};           // that a pass was given
  std::string content;  // of a pass: the digest of what it proposed; of a beginning: the limits

  friend bool operator==(const PlannerInput&, const PlannerInput&) = default;
};

struct CommitBatch {
  std::string cluster_uuid;      // once it is known; empty in every other batch
  std::vector<JournalRow> rows;  // consecutive sequences
  std::vector<Blob> blobs;
  std::vector<HistoryRow> history;
  std::vector<StepRows> steps;               // those that are there already stay as they are
  std::vector<PlannerInput> planner_inputs;  // in the order in which they were given
};

class Journal {
 public:
  virtual ~Journal() = default;

  // Takes the store for `epoch`, which is one more than any before it. Errors: kIo, kCorrupt.
  virtual Result<Epoch> open_epoch() = 0;

  // All of `batch` durably, or nothing of it. Refused with kConflict where the store's epoch is no
  // longer `epoch` or its last sequence is not `expected`: another scheduler has taken over. kIo on
  // a full or failing disk.
  virtual Status commit(Epoch epoch, Sequence expected, const CommitBatch& batch) = 0;

  struct Snapshot {
    Sequence sequence;
    std::string state;  // encode_snapshot
  };
  // The newest snapshot, if any. Error: kIo, kCorrupt.
  virtual Result<std::optional<Snapshot>> newest_snapshot() = 0;
  virtual Status write_snapshot(const Snapshot& snapshot) = 0;

  // Every row after `after`, ascending; stops at the first error of `visit`.
  virtual Status read_rows(Sequence after,
                           const std::function<Status(const JournalRow&)>& visit) = 0;

  // Error: kNotFound.
  virtual Result<std::string> read_blob(const std::string& hash) = 0;
};

// ---- bytes of a row ---------------------------------------------------------------------------

[[nodiscard]] std::string encode_command(const Command& command);
[[nodiscard]] std::string encode_events(const std::vector<Event>& events);

// Error: kCorrupt, naming the command or event that this program does not know.
[[nodiscard]] Result<Command> decode_command(std::uint32_t version, std::string_view bytes);
[[nodiscard]] Result<std::vector<Event>> decode_events(std::uint32_t version,
                                                       std::string_view bytes);

}  // namespace usine
