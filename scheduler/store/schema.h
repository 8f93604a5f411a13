// The tables of usine.db, for the journal's and the readers' connections alike.
#pragma once

#include <cstdint>

namespace usine::store {

// What PRAGMA user_version holds. A newer file is refused, since it may hold what we would lose.
inline constexpr std::int64_t kSchemaVersion = 2;

// Creates what is not there yet.
inline constexpr const char* kSchemaSql = R"sql(
CREATE TABLE IF NOT EXISTS meta (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  cluster_uuid TEXT NOT NULL,
  epoch INTEGER NOT NULL,
  last_sequence INTEGER NOT NULL
);
INSERT OR IGNORE INTO meta VALUES (1, '', 0, 0);

CREATE TABLE IF NOT EXISTS journal (
  sequence INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL,
  version INTEGER NOT NULL,
  command BLOB NOT NULL,
  events BLOB NOT NULL
);

-- What the planner was given beside the rows: where it began (step 1), that it was told to look
-- again (2), its passes (3); `seen` is the last row that it had taken.
CREATE TABLE IF NOT EXISTS planner_input (
  id INTEGER PRIMARY KEY,
  step INTEGER NOT NULL,
  seen INTEGER NOT NULL,
  now_ms INTEGER NOT NULL,
  content BLOB NOT NULL
);

-- A snapshot is written in parts, each in a transaction of its own, so that commits need not wait
-- for the whole; its row here comes last and makes it one.
CREATE TABLE IF NOT EXISTS snapshot (
  sequence INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  parts INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS snapshot_part (
  sequence INTEGER NOT NULL,
  part INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (sequence, part)
);

CREATE TABLE IF NOT EXISTS blob (
  hash TEXT PRIMARY KEY,
  content BLOB NOT NULL
);

-- Finished attempts, for people and their tools too. Attempt 0: the job ended while it waited. The
-- tasks of an array are jobs with its id and their index beside them (array_id 0: no task); the row
-- of an array itself has as attempt how often it had been taken up again.
-- Times are milliseconds since 1970 UTC.
CREATE TABLE IF NOT EXISTS history (
  row INTEGER PRIMARY KEY,
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  name TEXT NOT NULL,
  user TEXT NOT NULL,
  project TEXT NOT NULL,
  partition TEXT NOT NULL,
  state TEXT NOT NULL,
  cause TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  signal INTEGER NOT NULL,
  exit_message TEXT NOT NULL,
  message TEXT NOT NULL,
  submitted_ms INTEGER NOT NULL,
  started_ms INTEGER,
  ended_ms INTEGER NOT NULL,
  elapsed_ms INTEGER NOT NULL,
  nodes INTEGER NOT NULL,
  gpus INTEGER NOT NULL,
  cores INTEGER NOT NULL,
  node_list TEXT NOT NULL,
  peak_memory_mib INTEGER NOT NULL,
  final INTEGER NOT NULL,
  array_id INTEGER NOT NULL,
  array_index INTEGER NOT NULL,
  gpu_ms INTEGER NOT NULL,
  core_ms INTEGER NOT NULL,
  cpu_ms INTEGER NOT NULL,
  gpu_seen_ms INTEGER NOT NULL,
  gpu_busy_ms INTEGER NOT NULL,
  gpu_memory_mib INTEGER NOT NULL,
  UNIQUE (job, attempt)
);
CREATE INDEX IF NOT EXISTS history_ended ON history (ended_ms);
CREATE INDEX IF NOT EXISTS history_user ON history (user);
CREATE INDEX IF NOT EXISTS history_array ON history (array_id, array_index) WHERE array_id > 0;

-- Steps of finished attempts; step -1 is the batch script. gpu_seen_ms 0: nobody looked at its
-- GPUs.
CREATE TABLE IF NOT EXISTS step (
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  step INTEGER NOT NULL,
  name TEXT NOT NULL,
  tasks INTEGER NOT NULL,
  nodes INTEGER NOT NULL,
  exit_code INTEGER NOT NULL,
  signal INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  elapsed_ms INTEGER NOT NULL,
  peak_memory_mib INTEGER NOT NULL,
  cpu_ms INTEGER NOT NULL,
  gpu_seen_ms INTEGER NOT NULL,
  gpu_busy_ms INTEGER NOT NULL,
  gpu_memory_mib INTEGER NOT NULL,
  PRIMARY KEY (job, attempt, step)
) WITHOUT ROWID;
-- How many more steps such an attempt has had.
CREATE TABLE IF NOT EXISTS steps_left_out (
  job INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  count INTEGER NOT NULL,
  PRIMARY KEY (job, attempt)
) WITHOUT ROWID;
)sql";

}  // namespace usine::store
