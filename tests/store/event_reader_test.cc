#include "scheduler/store/event_reader.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::store;

namespace {

Time at(std::int64_t ms) { return Time(Millis(ms)); }

// A journal with a row at each of these times, their sequences from 1 on.
class TimedRows {
 public:
  explicit TimedRows(std::vector<std::int64_t> times) : journal_(*SqliteJournal::open(file_)) {
    CommitBatch batch;
    for (std::uint64_t i = 0; i < times.size(); ++i) {
      const Event event = NodeFenced{NodeId{static_cast<std::uint32_t>(i)}};
      batch.rows.push_back({{i + 1}, at(times[i]), kJournalVersion, "", encode_events({event})});
    }
    REQUIRE(journal_.commit(*journal_.open_epoch(), {0}, batch));
  }

  std::vector<std::uint64_t> since(Time from, std::size_t most = 100) {
    auto reader = EventReader::open(file_);
    REQUIRE(reader);
    std::vector<std::uint64_t> found;
    REQUIRE(reader->read(from, [&](const Applied& row) {
      CHECK(row.events.size() == 1);
      found.push_back(row.sequence.value);
      return found.size() < most;
    }));
    return found;
  }

  bool begins_after(Time from) { return *EventReader::open(file_)->begins_after(from); }

  void drop_before(std::uint64_t sequence) {
    auto database = Database::open(file_.path, Access::kCreate, {});
    const std::string sql = "DELETE FROM journal WHERE sequence < " + std::to_string(sequence);
    REQUIRE(database->execute(sql.c_str()));
  }

 private:
  test::TempFolder folder_;
  StoreFile file_{folder_ / "usine.db", {}};
  SqliteJournal journal_;
};

using Rows = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("Reading from a time finds its first row and no earlier one") {
  TimedRows journal({10, 20, 20, 20, 30, 40});
  CHECK(journal.since(at(0)) == Rows{1, 2, 3, 4, 5, 6});
  CHECK(journal.since(at(20)) == Rows{2, 3, 4, 5, 6});
  CHECK(journal.since(at(21)) == Rows{5, 6});
  CHECK(journal.since(at(40)) == Rows{6});
  CHECK(journal.since(at(41)).empty());
}

TEST_CASE("Reading ends where the visitor has enough and that is no error") {
  TimedRows journal({10, 20, 30});
  CHECK(journal.since(at(0), 2) == Rows{1, 2});
}

TEST_CASE("A journal whose beginning is gone says so of times before what is left") {
  TimedRows journal({10, 20, 30, 40});
  CHECK_FALSE(journal.begins_after(at(0)));
  journal.drop_before(3);
  CHECK(journal.begins_after(at(20)));
  CHECK_FALSE(journal.begins_after(at(30)));
  CHECK(journal.since(at(0)) == Rows{3, 4});
}

TEST_CASE("An empty journal has no events") {
  test::TempFolder folder;
  const StoreFile file{folder / "usine.db", {}};
  REQUIRE(SqliteJournal::open(file));
  auto reader = EventReader::open(file);
  REQUIRE(reader);
  CHECK(reader->read(at(0), [](const Applied&) { return true; }));
}
