// What a scheduler reads and proves before its first thread starts: secrets, store, recovered
// state. Everything that can go wrong with them is an error of open(), told in one line.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "config/cluster_file.h"
#include "identity/tls_folder.h"
#include "scheduler/daemon/authentication.h"
#include "scheduler/daemon/secrets.h"
#include "scheduler/daemon/snapshot_thread.h"
#include "scheduler/engine/engine.h"
#include "scheduler/store/history_reader.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::daemon {

// The configuration file that the scheduler was started with, for reading it anew.
struct ConfigSource {
  std::string path;             // empty: there is none
  config::ClusterFile started;  // as it was in the file then
};

struct Settings {
  config::ClusterFile file;  // with `listen` as it is to hold
  store::StoreFile store;
  SnapshotPolicy snapshots{};
  ConfigSource source{};
};

struct Opened {
  Settings settings;
  std::unique_ptr<const Authenticator> authenticator;
  std::string agent_secret;
  std::optional<identity::TlsFolder> tls;  // where callers are to find us so
  JobKeys keys;
  std::unique_ptr<store::SqliteJournal> journal;  // of the committer's thread
  std::unique_ptr<store::SqliteJournal> blobs;    // of the agents' thread
  store::HistoryReader history;                   // of the reader's thread
  Epoch epoch;
  Engine engine;                 // its first batch is committed already
  std::string recovered_digest;  // of the state as it was recovered
};

// Takes the store for a new epoch. Errors: those of secrets and store; kInvalid where the
// configuration does not go with a fresh store.
[[nodiscard]] Result<Opened> open(Settings settings);

}  // namespace usine::daemon
