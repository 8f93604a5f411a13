#include "scheduler/store/sqlite_journal.h"

#include <fstream>

#include <doctest/doctest.h>

#include "scheduler/engine/engine.h"
#include "scheduler/store/snapshotter.h"
#include "sim/small_cluster.h"
#include "tests/support/temp_folder.h"

namespace usine::store {
namespace {

SqliteJournal open(const StoreFile& file) {
  auto journal = SqliteJournal::open(file);
  REQUIRE_MESSAGE(journal, journal.error().message);
  return std::move(*journal);
}

CommitBatch rows(std::uint64_t first, std::uint64_t count) {
  CommitBatch batch;
  for (std::uint64_t i = first; i < first + count; ++i) {
    batch.rows.push_back({{i},
                          Time{Millis{100 * static_cast<std::int64_t>(i)}},
                          kJournalVersion,
                          "command " + std::to_string(i),
                          encode_events({})});
  }
  return batch;
}

std::vector<JournalRow> read_all(SqliteJournal& journal, Sequence after) {
  std::vector<JournalRow> found;
  REQUIRE(journal.read_rows(after, [&found](const JournalRow& row) -> Status {
    found.push_back(row);
    return {};
  }));
  return found;
}

TEST_CASE("Committed rows are there for the next opener in their order") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  {
    SqliteJournal journal = open(file);
    const Epoch epoch = *journal.open_epoch();
    REQUIRE(journal.commit(epoch, {0}, rows(1, 2)));
    REQUIRE(journal.commit(epoch, {2}, rows(3, 1)));
  }
  SqliteJournal journal = open(file);
  CommitBatch all = rows(1, 3);
  CHECK(read_all(journal, {0}) == all.rows);
  CHECK(read_all(journal, {2}).size() == 1);
}

TEST_CASE("Each scheduler that opens the store gets a higher epoch") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  CHECK(open(file).open_epoch() == Epoch{1});
  CHECK(open(file).open_epoch() == Epoch{2});
}

TEST_CASE("A scheduler that was taken over can commit nothing more") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal old = open(file);
  const Epoch old_epoch = *old.open_epoch();
  REQUIRE(old.commit(old_epoch, {0}, rows(1, 1)));
  SqliteJournal fresh = open(file);
  const Epoch fresh_epoch = *fresh.open_epoch();
  const Status refused = old.commit(old_epoch, {1}, rows(2, 1));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  REQUIRE(fresh.commit(fresh_epoch, {1}, rows(2, 1)));
  CHECK(read_all(fresh, {0}).size() == 2);
}

TEST_CASE("A commit that does not follow the last row is refused as a whole") {
  const test::TempFolder folder;
  SqliteJournal journal = open({folder / "usine.db", ""});
  const Epoch epoch = *journal.open_epoch();
  const Status refused = journal.commit(epoch, {7}, rows(8, 2));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(read_all(journal, {0}).empty());
}

TEST_CASE("A store keeps the UUID of its cluster and refuses another one") {
  const test::TempFolder folder;
  SqliteJournal journal = open({folder / "usine.db", ""});
  const Epoch epoch = *journal.open_epoch();
  CHECK(journal.cluster_uuid() == "");
  CommitBatch batch = rows(1, 1);
  batch.cluster_uuid = "uuid-1";
  REQUIRE(journal.commit(epoch, {0}, batch));
  REQUIRE(journal.commit(epoch, {1}, rows(2, 1)));
  CHECK(journal.cluster_uuid() == "uuid-1");
  CommitBatch other = rows(3, 1);
  other.cluster_uuid = "uuid-2";
  CHECK_FALSE(journal.commit(epoch, {2}, other));
}

TEST_CASE("A blob is stored once and read by its hash") {
  const test::TempFolder folder;
  SqliteJournal journal = open({folder / "usine.db", ""});
  const Epoch epoch = *journal.open_epoch();
  const std::string content("#!/bin/sh\0\xff", 11);
  CommitBatch batch = rows(1, 1);
  batch.blobs = {{"hash", content}, {"hash", content}};
  REQUIRE(journal.commit(epoch, {0}, batch));
  CHECK(journal.read_blob("hash") == content);
  const auto missing = journal.read_blob("other");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
}

TEST_CASE("The newest snapshot is read back whole and the two newest are kept") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal journal = open(file);
  CHECK_FALSE(journal.newest_snapshot()->has_value());
  const std::string big(1'000'000, 'x');
  for (std::uint64_t sequence = 1; sequence <= 4; ++sequence) {
    REQUIRE(journal.write_snapshot({{sequence}, big + std::to_string(sequence)}));
  }
  const auto newest = journal.newest_snapshot();
  REQUIRE(newest->has_value());
  CHECK((*newest)->sequence == Sequence{4});
  CHECK((*newest)->state == big + "4");
  auto database = Database::open(file.path, Access::kReadOnly, "");
  REQUIRE(database);
  auto count = database->prepare("SELECT count(DISTINCT sequence) FROM snapshot_part");
  REQUIRE(count->step());
  CHECK(count->integer(0) == 2);
}

TEST_CASE("A snapshot whose bytes were damaged gives way to the one before it") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal journal = open(file);
  REQUIRE(journal.write_snapshot({{1}, "first"}));
  REQUIRE(journal.write_snapshot({{2}, "second"}));
  auto database = Database::open(file.path, Access::kCreate, "");
  REQUIRE(database->execute("UPDATE snapshot_part SET content = 'secxnd' WHERE sequence = 2"));
  CHECK(journal.newest_snapshot()->value().state == "first");
  REQUIRE(database->execute("UPDATE snapshot_part SET content = 'fxrst' WHERE sequence = 1"));
  const auto none = journal.newest_snapshot();
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("Rows that no kept snapshot needs are dropped once a million newer ones are there") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal journal = open(file);
  auto database = Database::open(file.path, Access::kCreate, "");
  for (const char* const sequence : {"1", "2", "9", "10", "1000010"}) {
    const std::string insert =
        std::string("INSERT INTO journal VALUES (") + sequence + ", 0, 1, '', '')";
    REQUIRE(database->execute(insert.c_str()));
  }
  REQUIRE(journal.write_snapshot({{1'000'010}, "older"}));
  CHECK(read_all(journal, {0}).size() == 5);
  REQUIRE(journal.write_snapshot({{1'000'020}, "newer"}));
  const auto left = read_all(journal, {0});
  REQUIRE(left.size() == 2);
  CHECK(left.front().sequence == Sequence{10});
}

TEST_CASE("A snapshot made beside the scheduler holds the committed state") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal journal = open(file);
  const Epoch epoch = *journal.open_epoch();
  Engine engine(State{}, {epoch, sim::make_cluster({}), "uuid-1"}, Time{Millis{5}});
  const auto request = std::make_shared<JobRequest>(sim::make_request(1, 1, 1));
  engine.handle(SubmitJob{{"alice", 1, 1, false}, request, false}, 0, Time{Millis{6}});
  const Batch batch = engine.take_batch();
  REQUIRE(journal.commit(epoch, batch.expected, batch.commit));
  const auto made = make_snapshot(file);
  REQUIRE(made);
  CHECK(made->sequence == engine.state().sequence);
  CHECK(made->digest == digest(engine.state()));
  const auto recovered = recover(journal);
  REQUIRE(recovered);
  CHECK(digest(*recovered) == made->digest);
}

TEST_CASE(
    "Scripts that no job of the state and no later submission needs are dropped in portions") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  SqliteJournal journal = open(file);
  const Epoch epoch = *journal.open_epoch();
  Engine engine(State{}, {epoch, sim::make_cluster({}), "uuid-1"}, Time{Millis{5}});
  const auto submit = [&](const std::string& script) {
    auto request = std::make_shared<JobRequest>(sim::make_request(1, 1, 1));
    request->launch.script_hash = script;
    request->launch.environment_hash = "environment";
    engine.handle(SubmitJob{{"alice", 1, 1, false}, request, false}, 0, Time{Millis{6}},
                  {.blobs = {{script, "#!/bin/sh\n"}, {"environment", "A=1"}}});
  };
  const auto commit = [&](std::vector<Blob> beside) {
    Batch batch = engine.take_batch();
    for (Blob& blob : beside) batch.commit.blobs.push_back(std::move(blob));
    REQUIRE(journal.commit(epoch, batch.expected, batch.commit));
  };
  submit("kept");
  commit({{"old-1", "x"}, {"old-2", "x"}, {"old-3", "x"}, {"again", "x"}, {"again-late", "x"}});
  const State state = engine.state();
  submit("again");  // of a forgotten job, now of a newer one that the state does not know of
  commit({});

  CHECK(journal.drop_unused_blobs(state, 2).value() <= 2);
  CHECK(journal.read_blob("again"));
  while (journal.drop_unused_blobs(state, 2).value() > 0) {
  }
  for (const char* const hash : {"kept", "environment", "again"}) {
    CAPTURE(hash);
    CHECK(journal.read_blob(hash));
  }
  for (const char* const hash : {"old-1", "old-2", "old-3", "again-late"}) {
    CAPTURE(hash);
    CHECK_FALSE(journal.read_blob(hash));
  }
  submit("again-late");
  commit({});
  CHECK(journal.read_blob("again-late"));
  const auto made = make_snapshot(file);
  REQUIRE(made);
  CHECK(made->blobs_dropped == 0);
}

TEST_CASE("A file that is no store is refused with its name") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  std::ofstream(file.path) << std::string(5'000, 'z');
  const auto journal = SqliteJournal::open(file);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().code == ErrorCode::kCorrupt);
  CHECK(journal.error().message.find(file.path) != std::string::npos);
}

TEST_CASE("A store of a newer program is refused and not touched") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  static_cast<void>(open(file));
  auto database = Database::open(file.path, Access::kCreate, "");
  REQUIRE(database->execute("PRAGMA user_version = 99"));
  const auto journal = SqliteJournal::open(file);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().message.find("version 99") != std::string::npos);
}

TEST_CASE("A folder that does not exist is named") {
  const auto journal = SqliteJournal::open({"/nowhere/at/all/usine.db", ""});
  REQUIRE_FALSE(journal);
  CHECK(journal.error().code == ErrorCode::kIo);
  CHECK(journal.error().message.find("/nowhere/at/all/usine.db") != std::string::npos);
}

}  // namespace
}  // namespace usine::store
