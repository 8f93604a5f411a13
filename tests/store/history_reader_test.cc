#include "scheduler/store/history_reader.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

namespace usine::store {
namespace {

Time at(std::int64_t ms) { return Time{Millis{ms}}; }

HistoryRow row(std::uint64_t job, std::uint32_t attempt) {
  HistoryRow one;
  one.key = {{job}, {attempt}};
  one.name = "train";
  one.user = job % 2 == 0 ? "bob" : "alice";
  one.project = "physics";
  one.partition = "main";
  one.state = JobState::kOutOfMemory;
  one.exit = {EndCause::kOutOfMemory, 137, 9, "killed"};
  one.message = "node n1: out of memory";
  one.submitted = at(10);
  if (attempt > 1) one.started = at(20);
  one.ended = at(1'000 * static_cast<std::int64_t>(job));
  one.elapsed = Millis{77};
  one.nodes = 2;
  one.gpus = 16;
  one.cores = 96;
  one.node_list = "n[1-2]";
  one.peak_memory_mib = 4'096;
  one.gpu_ms = 1'232;
  one.core_ms = 7'392;
  one.use = {Millis{6'500}, Millis{1'200}, Millis{900}, 70'000};
  one.final = attempt > 1;
  return one;
}

// Jobs 1 to 10, two attempts each.
class Filled {
 public:
  Filled() {
    auto journal = SqliteJournal::open(file);
    const Epoch epoch = *journal->open_epoch();
    CommitBatch batch;
    batch.rows.push_back({{1}, at(0), kJournalVersion, "", ""});
    for (std::uint64_t job = 1; job <= 10; ++job) {
      batch.history.push_back(row(job, 1));
      batch.history.push_back(row(job, 2));
    }
    REQUIRE(journal->commit(epoch, {0}, batch));
  }
  [[nodiscard]] std::vector<HistoryRow> list(const HistoryFilter& filter) const {
    auto reader = HistoryReader::open(file);
    REQUIRE(reader);
    const auto page = reader->list(filter);
    REQUIRE_MESSAGE(page, page.error().message);
    return page->entries;
  }

  void add(const HistoryRow& one) {
    auto journal = SqliteJournal::open(file);
    const Epoch epoch = *journal->open_epoch();
    CommitBatch batch;
    batch.rows.push_back({{2}, at(0), kJournalVersion, "", ""});
    batch.history.push_back(one);
    REQUIRE(journal->commit(epoch, {1}, batch));
  }

  test::TempFolder folder;
  StoreFile file{folder / "usine.db", ""};
};

StepRecord step(std::int64_t number) {
  return {number, "train", 16,         2,     3,
          9,      at(21),  Millis{70}, 2'048, {Millis{600}, Millis{50}, Millis{40}, 0}};
}

TEST_CASE("Steps come back in order with how many more there were and only where asked for") {
  Filled store;
  {
    auto journal = SqliteJournal::open(store.file);
    const Epoch epoch = *journal->open_epoch();
    CommitBatch batch;
    batch.rows.push_back({{2}, at(0), kJournalVersion, "", ""});
    batch.steps.push_back({{{4}, {2}}, {{step(0), step(1), step(StepRecord::kBatch)}, 17}});
    batch.steps.push_back({{{4}, {2}}, {{step(1)}, 17}});  // told once more
    REQUIRE(journal->commit(epoch, {1}, batch));
  }
  auto reader = HistoryReader::open(store.file);
  REQUIRE(reader);
  HistoryFilter filter;
  filter.job = {4};
  CHECK(reader->list(filter)->steps.empty());
  filter.with_steps = true;
  const auto page = reader->list(filter);
  REQUIRE_MESSAGE(page, page.error().message);
  REQUIRE(page->steps.size() == 2);
  CHECK(page->steps[0] == StepRecords{});
  CHECK(page->steps[1] == StepRecords{{step(StepRecord::kBatch), step(0), step(1)}, 17});
}

TEST_CASE("A page with steps is short enough for a message") {
  const Filled store;
  auto reader = HistoryReader::open(store.file);
  REQUIRE(reader);
  HistoryFilter filter;
  filter.with_steps = true;
  const auto first = reader->list(filter);
  REQUIRE(first);
  CHECK(first->entries.size() == kStepPageMax);
  CHECK(first->next_after_row == kStepPageMax);
}

TEST_CASE("[B40] Every field of both attempts comes back as it was recorded") {
  const Filled store;
  HistoryFilter filter;
  filter.job = {4};
  const auto found = store.list(filter);
  REQUIRE(found.size() == 2);
  CHECK(found[0] == row(4, 1));
  CHECK(found[1] == row(4, 2));
}

TEST_CASE("History is chosen by user and project and by the time of the end") {
  const Filled store;
  HistoryFilter filter;
  filter.user = "bob";
  CHECK(store.list(filter).size() == 10);
  filter.from = at(4'000);
  filter.to = at(8'000);
  CHECK(store.list(filter).size() == 4);
  filter.project = "chemistry";
  CHECK(store.list(filter).empty());
}

TEST_CASE("Pages follow each other without gap or repetition and the last one says so") {
  const Filled store;
  auto reader = HistoryReader::open(store.file);
  REQUIRE(reader);
  HistoryFilter filter;
  filter.limit = 7;
  std::vector<HistoryRow> all;
  int pages = 0;
  do {
    const auto page = reader->list(filter);
    REQUIRE(page);
    all.insert(all.end(), page->entries.begin(), page->entries.end());
    filter.after_row = page->next_after_row;
    ++pages;
  } while (filter.after_row != 0);
  CHECK(pages == 3);
  CHECK(all == store.list({}));
}

TEST_CASE("A reader sees what was committed after it was opened") {
  const test::TempFolder folder;
  const StoreFile file{folder / "usine.db", ""};
  auto journal = SqliteJournal::open(file);
  const Epoch epoch = *journal->open_epoch();
  auto reader = HistoryReader::open(file);
  REQUIRE(reader);
  CHECK(reader->list({})->entries.empty());
  CommitBatch batch;
  batch.rows.push_back({{1}, at(0), kJournalVersion, "", ""});
  batch.history.push_back(row(1, 1));
  REQUIRE(journal->commit(epoch, {0}, batch));
  CHECK(reader->list({})->entries.size() == 1);
}

TEST_CASE("an array's history has its tasks and a task is found by its index") {
  Filled store;
  HistoryRow task = row(20, 1);
  task.array_id = {7};
  task.array_index = 3;
  store.add(task);
  HistoryFilter filter;
  filter.job = {7};
  CHECK(store.list(filter).size() == 2);
  filter.with_tasks = true;
  REQUIRE(store.list(filter).size() == 3);
  CHECK(store.list(filter).back() == task);
  filter.array_index = 3;
  CHECK(store.list(filter) == std::vector<HistoryRow>{task});
  filter.array_index = 4;
  CHECK(store.list(filter).empty());
}

}  // namespace
}  // namespace usine::store
