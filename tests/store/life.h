// A scheduler's lives on one store, and what the world was told in them: after each life the store
// is held against it. Used by the tests that cut the power, fill the disk or fail its syncs.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "scheduler/engine/engine.h"
#include "scheduler/store/sqlite_journal.h"

namespace usine::test {

class Lives {
 public:
  Lives(store::StoreFile file, std::uint64_t seed);

  // Opens the store, recovers and commits random batches, `rounds` of them or until something
  // fails: that failure. Between them a snapshot is made now and then.
  [[nodiscard]] std::optional<Error> live(int rounds);

  // Opens the store as the next scheduler would and holds it against what the world was told: one
  // line a lie. Empty: all that was acknowledged is there, and of the rest whole batches only.
  [[nodiscard]] std::vector<std::string> verify();

  [[nodiscard]] std::size_t acknowledged_jobs() const { return jobs_.size(); }

 private:
  // What the store must hold when its last row is that of some batch.
  struct Mark {
    std::string digest;
    std::size_t history = 0;
  };

  [[nodiscard]] std::optional<Error> commit_round(store::SqliteJournal& journal, Engine& engine);
  void command(Engine& engine);
  void acknowledge(const Batch& batch);

  store::StoreFile file_;
  std::mt19937_64 random_;
  Epoch epoch_;
  Sequence acknowledged_;
  std::map<Sequence, Mark> marks_;        // of every batch that was tried
  std::map<ReplyTo, std::string> asked_;  // blobs of submissions not answered yet
  std::map<JobId, std::string> jobs_;     // acknowledged, with their blobs
  std::vector<std::string> lies_;
  std::size_t history_ = 0;  // rows up to the newest batch
  ReplyTo calls_ = 0;
};

}  // namespace usine::test
