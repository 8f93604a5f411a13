#include "scheduler/store/backup.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "scheduler/engine/engine.h"
#include "tests/support/cluster_builder.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::store;
using usine::test::TempFolder;

namespace {

constexpr Time kNow{Millis{1'000'000}};

// A scheduler on a store, each submission in a commit of its own.
class Life {
 public:
  Life(const StoreFile& file, Time now) : journal_(*SqliteJournal::open(file)), now_(now) {
    auto state = recover(journal_);
    REQUIRE_MESSAGE(state, state.error().message);
    recovered_ = digest(*state);
    epoch_ = *journal_.open_epoch();
    auto config = std::make_shared<const ClusterConfig>(usine::test::cluster_of(2));
    engine_ = std::make_unique<Engine>(*std::move(state), EngineStart{epoch_, config, "uuid"}, now);
    commit();
  }

  JobId submit() {
    auto request = std::make_shared<JobRequest>(usine::test::request_for({}));
    const JobId next = engine_->state().next_job;
    engine_->handle(SubmitJob{{request->user, 1, 1, false}, request, false}, 0, now_);
    commit();
    return next;
  }

  [[nodiscard]] Epoch epoch() const { return epoch_; }
  [[nodiscard]] const State& state() const { return engine_->state(); }
  [[nodiscard]] const std::string& recovered() const { return recovered_; }

 private:
  void commit() {
    Batch batch = engine_->take_batch();
    REQUIRE(journal_.commit(epoch_, batch.expected, batch.commit));
  }

  SqliteJournal journal_;
  Time now_;
  std::string recovered_;
  Epoch epoch_;
  std::unique_ptr<Engine> engine_;
};

struct Folder {
  TempFolder temp;
  StoreFile store{temp / "usine.db", {}};
  StoreFile fresh{temp / "fresh.db", {}};
  std::string backup = temp / "backup.db";
};

}  // namespace

TEST_CASE("A backup beside the scheduler that writes holds one moment and the next commits go on") {
  const Folder at;
  Life life(at.store, kNow);
  life.submit();
  const Sequence then = life.state().sequence;
  const std::string jobs_then = digest(life.state());
  const auto made = write_backup(at.store, at.backup);
  REQUIRE_MESSAGE(made, made.error().message);
  CHECK(made->sequence == then);
  CHECK(made->cluster_uuid == "uuid");
  life.submit();
  CHECK(life.state().sequence > then);
  auto copy = SqliteJournal::open({at.backup, {}});
  REQUIRE(copy);
  CHECK(digest(*recover(*copy)) == jobs_then);
}

TEST_CASE("A restored store gives no id and no epoch that was given after its backup") {
  const Folder at;
  Epoch last_epoch;
  JobId last_job;
  {
    Life life(at.store, kNow);
    life.submit();
    REQUIRE(write_backup(at.store, at.backup));
  }
  constexpr int kStartsSince = 20;
  const Time later = kNow + std::chrono::hours(24);
  for (int i = 0; i < kStartsSince; ++i) {
    Life life(at.store, later);
    last_job = life.submit();
    last_epoch = life.epoch();
  }
  const auto restored = restore_backup(at.backup, at.fresh, later);
  REQUIRE_MESSAGE(restored, restored.error().message);
  CHECK(restored->as_of == kNow);
  CHECK(restored->jobs == 1);
  CHECK(restored->epoch > last_epoch);
  // So many ids a second could have been given meanwhile.
  CHECK(restored->next_job.value > std::uint64_t{24} * 3600 * kRestoredIdsPerSecond);
  Life life(at.fresh, later);
  CHECK(life.epoch() > restored->epoch);
  CHECK(life.submit() == restored->next_job);
  CHECK(life.state().jobs.size() == 2);
  CHECK_FALSE(life.state().jobs.contains(last_job));
}

TEST_CASE("What a restored store was told can be recovered from its journal alone") {
  const Folder at;
  {
    Life life(at.store, kNow);
    life.submit();
    REQUIRE(write_backup(at.store, at.backup));
  }
  REQUIRE(restore_backup(at.backup, at.fresh, kNow));
  std::string before;
  {
    Life life(at.fresh, kNow);
    life.submit();
    before = digest(life.state());
  }
  CHECK(Life(at.fresh, kNow).recovered() == before);
}

TEST_CASE("A clock that was set back lifts the ids of a restored store all the same") {
  const Folder at;
  Life life(at.store, kNow);
  const JobId job = life.submit();
  REQUIRE(write_backup(at.store, at.backup));
  const auto restored = restore_backup(at.backup, at.fresh, kNow - std::chrono::hours(1));
  REQUIRE(restored);
  CHECK(restored->next_job.value >= job.value + kRestoredIdsMin);
}

TEST_CASE("What is no backup is refused and leaves no store behind") {
  const Folder at;
  std::ofstream(at.backup) << "not a database, but long enough to be taken for one at a glance";
  const auto junk = restore_backup(at.backup, at.fresh, kNow);
  REQUIRE_FALSE(junk);
  CHECK(junk.error().code == ErrorCode::kCorrupt);
  CHECK_FALSE(restore_backup(at.temp / "nowhere.db", at.fresh, kNow));
  CHECK_FALSE(std::filesystem::exists(at.fresh.path));
  CHECK_FALSE(std::filesystem::exists(at.fresh.path + ".restoring"));
}

TEST_CASE("A damaged backup is refused") {
  const Folder at;
  {
    Life life(at.store, kNow);
    for (int i = 0; i < 50; ++i) life.submit();
    REQUIRE(write_backup(at.store, at.backup));
  }
  const auto size = std::filesystem::file_size(at.backup);
  {
    std::fstream file(at.backup, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file << std::string(size / 4, 'x');
  }
  CHECK_FALSE(restore_backup(at.backup, at.fresh, kNow));
  CHECK_FALSE(std::filesystem::exists(at.fresh.path));
}

TEST_CASE("A store that is there is not written over by a restore") {
  const Folder at;
  Life life(at.store, kNow);
  REQUIRE(write_backup(at.store, at.backup));
  const auto restored = restore_backup(at.backup, at.store, kNow);
  REQUIRE_FALSE(restored);
  CHECK(restored.error().message.find(at.store.path) != std::string::npos);
  life.submit();  // it is still this scheduler's
}
