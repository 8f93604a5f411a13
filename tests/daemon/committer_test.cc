#include "scheduler/daemon/committer.h"

#include <latch>
#include <mutex>
#include <optional>

#include <doctest/doctest.h>

using namespace usine;
using namespace usine::daemon;

namespace {

// A journal that holds up its first commit until it is let go, and can fail.
class SlowJournal final : public Journal {
 public:
  Result<Epoch> open_epoch() override { return Epoch{1}; }
  Status commit(Epoch, Sequence expected, const CommitBatch& batch) override {
    if (rows_of_commits.empty()) {
      begun.count_down();
      let_go.wait();
    }
    rows_of_commits.push_back(batch.rows.size());
    inputs_of_commits.push_back(batch.planner_inputs.size());
    expected_of_commits.push_back(expected);
    if (fails) return fail(ErrorCode::kIo, "disk full");
    return {};
  }
  Result<std::optional<Snapshot>> newest_snapshot() override { return std::nullopt; }
  Status write_snapshot(const Snapshot&) override { return {}; }
  Status read_rows(Sequence, const std::function<Status(const JournalRow&)>&) override {
    return {};
  }
  Result<std::string> read_blob(const std::string&) override {
    return fail(ErrorCode::kNotFound, "none");
  }

  std::latch begun{1};
  std::latch let_go{1};
  bool fails = false;
  std::vector<std::size_t> rows_of_commits;
  std::vector<std::size_t> inputs_of_commits;  // of the planner
  std::vector<Sequence> expected_of_commits;
};

// Writes down who was told what, in order.
class Log final : public Replica, public AgentOutlet {
 public:
  void take(const AppliedRows& rows) override {
    for (const Applied& row : *rows) add("row " + std::to_string(row.sequence.value));
  }
  void send(std::vector<AgentEffect>) override { add("effect"); }
  void add(const std::string& line) { lines.push_back(line); }

  std::vector<std::string> lines;
};

Decided decision(std::uint64_t sequence, Log& log) {
  Decided decided;
  JournalRow row;
  row.sequence = Sequence{sequence};
  decided.batch.commit.rows.push_back(row);
  decided.batch.effects.push_back({NodeId{0}, Welcome{}});
  decided.batch.applied = std::make_shared<const std::vector<Applied>>(
      std::vector<Applied>{{Sequence{sequence}, Time{}, {}}});
  decided.answers.push_back(
      {[&log, sequence](const Result<Reply>&) { log.add("answer " + std::to_string(sequence)); },
       Reply{Done{}}});
  return decided;
}

}  // namespace

TEST_CASE("What is decided during a commit is committed together by the next one") {
  SlowJournal journal;
  Log log;
  Committer committer(journal, Epoch{1}, Sequence{0});
  committer.start({{}, &log, {}});
  committer.push(decision(1, log));
  journal.begun.wait();
  for (std::uint64_t sequence = 2; sequence <= 9; ++sequence) {
    committer.push(decision(sequence, log));
  }
  journal.let_go.count_down();
  committer.stop();
  CHECK(journal.rows_of_commits == std::vector<std::size_t>{1, 8});
}

TEST_CASE("Rows reach replicas before answers go out and answers before messages") {
  SlowJournal journal;
  journal.let_go.count_down();
  Log log;
  Committer committer(journal, Epoch{1}, Sequence{0});
  committer.start({{&log}, &log, {}});
  committer.push(decision(1, log));
  committer.stop();
  CHECK(log.lines == std::vector<std::string>{"row 1", "answer 1", "effect"});
}

TEST_CASE("A failed commit tells nobody of what it held and is reported once") {
  SlowJournal journal;
  journal.fails = true;
  journal.let_go.count_down();
  Log log;
  std::vector<Error> failures;
  Committer committer(journal, Epoch{1}, Sequence{0});
  committer.start({{&log}, &log, [&](const Error& error) { failures.push_back(error); }});
  committer.push(decision(1, log));
  committer.push(decision(2, log));
  committer.stop();
  CHECK(log.lines.empty());
  REQUIRE(failures.size() == 1);
  CHECK(failures.front().message == "disk full");
}

TEST_CASE("What the planner was given is committed with the rows that follow it") {
  SlowJournal journal;
  journal.let_go.count_down();
  Log log;
  Committer committer(journal, Epoch{1}, Sequence{0});
  committer.start({{}, &log, {}});
  committer.record({{PlannerStep::kBegan, Sequence{0}, {}, {}}});
  committer.record({{PlannerStep::kPlanned, Sequence{0}, {}, {}}});
  committer.push(decision(1, log));
  committer.stop();
  std::size_t inputs = 0;
  for (const std::size_t count : journal.inputs_of_commits) inputs += count;
  CHECK(inputs == 2);
  for (const std::size_t rows : journal.rows_of_commits) CHECK(rows == 1);
}

TEST_CASE("What the planner was given is committed without rows once much of it waits") {
  SlowJournal journal;
  journal.let_go.count_down();
  Log log;
  Committer committer(journal, Epoch{1}, Sequence{7});
  committer.start({{}, &log, {}});
  committer.record(std::vector<PlannerInput>(Committer::kHeldInputsMax));
  committer.stop();
  CHECK(journal.rows_of_commits == std::vector<std::size_t>{0});
  CHECK(journal.inputs_of_commits == std::vector<std::size_t>{Committer::kHeldInputsMax});
  CHECK(journal.expected_of_commits == std::vector<Sequence>{Sequence{7}});
}
