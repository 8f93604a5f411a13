#include "scheduler/store/recording_reader.h"

#include <filesystem>

#include <doctest/doctest.h>

#include "scheduler/engine/engine.h"
#include "tests/support/cluster_builder.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::store;
using usine::test::TempFolder;

namespace {

constexpr Time kNow{Millis{1'000'000}};

// A store of one scheduler that has taken `jobs` submissions, each in a commit of its own.
class Life {
 public:
  explicit Life(const StoreFile& file) : journal_(*SqliteJournal::open(file)) {
    epoch_ = *journal_.open_epoch();
    auto config = std::make_shared<const ClusterConfig>(usine::test::cluster_of(2));
    engine_ = std::make_unique<Engine>(State{}, EngineStart{epoch_, config, "uuid"}, kNow);
    commit({});
  }

  void submit() {
    auto request = std::make_shared<JobRequest>(usine::test::request_for({}));
    engine_->handle(SubmitJob{{request->user, 1, 1, false}, request, false}, 0, kNow);
    commit({{PlannerStep::kPlanned, engine_->state().sequence, kNow, "digest"}});
  }

  void snapshot() {
    const State& state = engine_->state();
    REQUIRE(journal_.write_snapshot({state.sequence, encode_snapshot(state)}));
  }

  void commit(std::vector<PlannerInput> inputs) {
    Batch batch = engine_->take_batch();
    batch.commit.planner_inputs = std::move(inputs);
    REQUIRE(journal_.commit(epoch_, batch.expected, batch.commit));
  }

  [[nodiscard]] const State& state() const { return engine_->state(); }

 private:
  SqliteJournal journal_;
  Epoch epoch_;
  std::unique_ptr<Engine> engine_;
};

std::vector<std::uint64_t> rows_of(RecordingReader& reader, Sequence after) {
  std::vector<std::uint64_t> rows;
  const Status read = reader.read_rows(after, [&rows](const JournalRow& row) -> Status {
    rows.push_back(row.sequence.value);
    return {};
  });
  REQUIRE(read);
  return rows;
}

}  // namespace

TEST_CASE("A whole journal is read from its first row with what the planner was given") {
  const TempFolder folder;
  const StoreFile file{folder / "usine.db", {}};
  Life life(file);
  life.submit();
  life.submit();
  auto reader = RecordingReader::open(file);
  REQUIRE(reader);
  CHECK(reader->begin()->sequence == Sequence{0});
  CHECK(rows_of(*reader, Sequence{0}) == std::vector<std::uint64_t>{1, 2, 3, 4});
  const auto inputs = reader->planner_inputs(Sequence{0});
  REQUIRE(inputs);
  REQUIRE(inputs->size() == 2);
  CHECK(inputs->front() == PlannerInput{PlannerStep::kPlanned, Sequence{3}, kNow, "digest"});
  CHECK(reader->planner_inputs(Sequence{4})->size() == 1);
}

TEST_CASE("A reader sees one moment of the store while the scheduler goes on") {
  const TempFolder folder;
  const StoreFile file{folder / "usine.db", {}};
  Life life(file);
  auto reader = RecordingReader::open(file);
  REQUIRE(reader);
  life.submit();
  CHECK(rows_of(*reader, Sequence{0}) == std::vector<std::uint64_t>{1, 2});
  CHECK(reader->planner_inputs(Sequence{0})->empty());
}

TEST_CASE("Planner inputs without rows are committed behind the last row") {
  const TempFolder folder;
  const StoreFile file{folder / "usine.db", {}};
  Life life(file);
  life.commit({{PlannerStep::kPlanned, Sequence{2}, kNow, {}}});
  life.submit();
  auto reader = RecordingReader::open(file);
  REQUIRE(reader);
  CHECK(reader->planner_inputs(Sequence{0})->size() == 2);
  CHECK(rows_of(*reader, Sequence{0}).size() == 3);
}

TEST_CASE("Where old rows are gone the record begins with the older snapshot") {
  const TempFolder folder;
  const StoreFile file{.path = folder / "usine.db", .vfs = {}, .replay_rows = 3};
  Life life(file);
  for (int i = 0; i < 8; ++i) life.submit();  // to row 10
  life.snapshot();
  const std::string older = encode_snapshot(life.state());
  life.submit();
  life.snapshot();
  life.submit();
  auto reader = RecordingReader::open(file);
  REQUIRE(reader);
  const auto begin = reader->begin();
  REQUIRE(begin);
  CHECK(encode_snapshot(*begin) == older);
  CHECK(rows_of(*reader, Sequence{0}) == std::vector<std::uint64_t>{7, 8, 9, 10, 11, 12});
  CHECK(reader->planner_inputs(Sequence{0})->front().seen == Sequence{7});
  CHECK(reader->snapshots(begin->sequence)->size() == 1);
}

TEST_CASE("A file that is no store is no record and is not made one") {
  const TempFolder folder;
  const auto missing = RecordingReader::open({folder / "usine.db", {}});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message.find(folder / "usine.db") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(folder / "usine.db"));
}
