#include <doctest/doctest.h>

#include "tests/engine/driver.h"

namespace usine {
namespace {

using sim::make_request;
using test::Driver;

// Some of everything: running, waiting, requeued and finished jobs.
void live_a_little(Driver& driver) {
  driver.join_all();
  std::vector<JobId> jobs;
  for (std::uint32_t nodes = 1; nodes <= 6; ++nodes) {
    jobs.push_back(driver.submit(make_request(nodes, 4, 4)));
  }
  driver.plan();
  for (const JobId job : jobs) {
    if (driver.job(job).attempt) driver.prepare_all({job, {1}});
  }
  driver.now += Millis{5'000};
  driver.end_all({jobs[0], {1}});
  static_cast<void>(
      driver.call(LeaseExpired{driver.job(jobs[1]).attempt->allocation.nodes[0].node}));
  driver.plan();
}

TEST_CASE("The recovered state is the state before the crash") {
  Driver driver;
  live_a_little(driver);
  const auto recovered = recover(driver.journal);
  REQUIRE(recovered);
  CHECK(digest(*recovered) == digest(driver.engine().state()));
  CHECK(check_invariants(*recovered).empty());
}

TEST_CASE("Recovery from a snapshot and the rows after it gives the same state") {
  Driver driver;
  live_a_little(driver);
  const State& state = driver.engine().state();
  REQUIRE(driver.journal.write_snapshot({state.sequence, encode_snapshot(state)}));
  driver.submit(make_request(1, 1, 0));
  const auto recovered = recover(driver.journal);
  REQUIRE(recovered);
  CHECK(digest(*recovered) == digest(driver.engine().state()));
  CHECK(check_invariants(*recovered).empty());
}

TEST_CASE("The planner's replica is the engine's state") {
  Driver driver;
  live_a_little(driver);
  Planner planner{State{}};
  REQUIRE(driver.journal.read_rows({}, [&planner](const JournalRow& row) -> Status {
    planner.apply_row(row.sequence, row.time, *decode_events(row.version, row.events));
    return {};
  }));
  CHECK(digest(planner.state()) == digest(driver.engine().state()));
}

TEST_CASE("A fresh store gives an empty state") {
  sim::MemoryJournal journal;
  const auto state = recover(journal);
  REQUIRE(state);
  CHECK(state->sequence == Sequence{0});
  CHECK(state->jobs.empty());
}

TEST_CASE("A journal with a row missing is refused with the place named") {
  sim::MemoryJournal journal;
  const Epoch epoch = *journal.open_epoch();
  CommitBatch batch;
  for (const std::uint64_t sequence : {1u, 3u}) {
    batch.rows.push_back({{sequence}, Time{}, kJournalVersion, "", encode_events({})});
  }
  REQUIRE(journal.commit(epoch, {}, batch));
  const auto state = recover(journal);
  REQUIRE(!state);
  CHECK(state.error().code == ErrorCode::kCorrupt);
  CHECK(state.error().message.find("journal row 3 follows row 1") != std::string::npos);
}

TEST_CASE("A snapshot that does not read back stops recovery") {
  sim::MemoryJournal journal;
  REQUIRE(journal.write_snapshot({{5}, "not a state"}));
  const auto state = recover(journal);
  REQUIRE(!state);
  CHECK(state.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("Replay of the recorded commands gives the same events bit for bit") {
  Driver driver;
  live_a_little(driver);
  State state;
  for (const JournalRow& row : driver.journal.rows()) {
    const Decision decision = decide(state, *decode_command(row.version, row.command), row.time);
    CHECK(encode_events(decision.events) == row.events);
    advance(state, row.sequence, row.time);
  }
  CHECK(digest(state) == digest(driver.engine().state()));
}

// The jobs of an array's tasks that have an attempt.
std::vector<AttemptKey> active_tasks(const State& state, JobId array) {
  std::vector<AttemptKey> keys;
  for (const auto& [position, job] : state.arrays.at(array).live) {
    const Job& task = *state.find_job(job);
    if (task.attempt) keys.push_back({job, task.attempt->number});
  }
  return keys;
}

TEST_CASE("[B24] an array goes on after a restart and no finished task runs again") {
  Driver driver;
  driver.join_all();
  JobRequest request = make_request(1, 1, 0);
  request.array = *parse_array_spec("0-29%7");
  const JobId array = driver.submit(request);
  std::size_t finished = 0;
  for (int round = 0; round < 3; ++round) {
    driver.plan();
    for (const AttemptKey key : active_tasks(driver.engine().state(), array)) {
      driver.prepare_all(key);
      driver.end_all(key);
      ++finished;
    }
  }
  const ArrayTasks before = driver.engine().state().arrays.at(array);
  driver.restart();
  CHECK(driver.engine().state().arrays.at(array) == before);
  driver.join_all();
  while (!is_final(driver.job(array).state)) {
    driver.plan();
    for (const AttemptKey key : active_tasks(driver.engine().state(), array)) {
      driver.prepare_all(key);
      driver.end_all(key);
      ++finished;
    }
  }
  CHECK(finished == 30);
  CHECK(driver.engine().state().next_job == JobId{array.value + 31});
  std::size_t of_tasks = 0;
  for (const HistoryRow& row : driver.journal.history()) {
    if (row.array_id == array) ++of_tasks;
  }
  CHECK(of_tasks == 30);
  CHECK(driver.journal.history().size() == 31);
}

TEST_CASE("[B25] a million tasks are one row of the journal") {
  Driver driver;
  driver.join_all();
  const std::size_t before = driver.journal.rows().size();
  JobRequest request = make_request(1, 1, 0);
  request.array = *parse_array_spec("0-999999");
  driver.submit(request);
  REQUIRE(driver.journal.rows().size() == before + 1);
  const JournalRow& row = driver.journal.rows().back();
  CHECK(row.command.size() + row.events.size() < 1'000);
}

}  // namespace
}  // namespace usine
