#include "sim/recorded.h"

#include <algorithm>
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "common/digest.h"
#include "scheduler/core/decide.h"
#include "scheduler/engine/recording_planner.h"
#include "sim/cluster.h"
#include "sim/recorded_list.h"
#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

constexpr Millis kSecond{1'000};

// A journal to replay, and to tamper with.
struct Record {
  std::vector<JournalRow> rows;
  std::vector<PlannerInput> inputs;
  State begin;
  std::vector<SnapshotMark> snapshots;

  [[nodiscard]] Recording recording() const {
    Recording recording;
    recording.begin = begin;
    recording.planner_inputs = inputs;
    recording.snapshots = snapshots;
    recording.read_rows = [this](const auto& visit) -> Status {
      for (const JournalRow& row : rows) {
        if (row.sequence <= begin.sequence) continue;
        if (Status visited = visit(row); !visited) return visited;
      }
      return {};
    };
    return recording;
  }

  [[nodiscard]] RecordedReport replayed() const {
    const auto report = replay_recorded(recording());
    REQUIRE_MESSAGE(report.has_value(), (report ? "" : report.error().message));
    return *report;
  }

  // The first row whose command has that name.
  [[nodiscard]] JournalRow& row_of(std::string_view command) {
    const auto found = std::ranges::find_if(rows, [command](const JournalRow& row) {
      return name_of(*decode_command(row.version, row.command)) == command;
    });
    REQUIRE(found != rows.end());
    return *found;
  }

  // The first pass that proposed something.
  [[nodiscard]] std::vector<PlannerInput>::iterator first_plan() {
    const auto found = std::ranges::find_if(inputs, [](const PlannerInput& input) {
      return input.step == PlannerStep::kPlanned && !input.content.empty();
    });
    REQUIRE(found != inputs.end());
    return found;
  }
};

State state_after(const Record& record, Sequence sequence) {
  State state;
  for (const JournalRow& row : record.rows) {
    if (row.sequence > sequence) break;
    apply_row(state, {row.sequence, row.time, *decode_events(row.version, row.events)});
  }
  return state;
}

void submit(Cluster& cluster, std::uint32_t nodes, Millis run) {
  auto request = std::make_shared<JobRequest>(make_request(nodes, 16, 4));
  request->launch.arguments = {std::to_string(run.count())};
  request->time_limit = Seconds(300);
  cluster.scheduler().call(SubmitJob{{"alice", 1000, 1000, false}, request, false},
                           [](const std::optional<Result<Reply>>& reply) { REQUIRE(*reply); });
}

// More jobs than have room at once, on three nodes; with a crash of the scheduler amid them.
Record record_of_life() {
  Cluster cluster(5, make_cluster({.nodes = 3}));
  cluster.start();
  cluster.run_for(20 * kSecond);
  for (std::uint32_t i = 0; i < 6; ++i) submit(cluster, 1 + i % 3, (10 + 3 * i) * kSecond);
  cluster.run_for(15 * kSecond);
  cluster.scheduler().crash(10 * kSecond);
  cluster.run_for(60 * kSecond);
  for (std::uint32_t i = 0; i < 6; ++i) submit(cluster, 3 - i % 3, (5 + 2 * i) * kSecond);
  cluster.run_for(300 * kSecond);
  const MemoryJournal& journal = cluster.parts().journal;
  return {journal.rows(), journal.planner_inputs(), {}, {}};
}

TEST_CASE("What was recorded replays to the same digests also where the scheduler had crashed") {
  const RecordedReport report = record_of_life().replayed();
  CHECK_FALSE(report.difference.has_value());
  CHECK(report.core.recorded == report.core.replayed);
  CHECK(report.planner.recorded == report.planner.replayed);
  CHECK(report.rows == report.last.value);
  CHECK(report.planners == 2);
  CHECK(report.plans >= 8);
  CHECK(report.passes >= report.plans);
  CHECK(report.passes_left_out == 0);
}

TEST_CASE("An event that was changed in the journal is named with its row") {
  Record record = record_of_life();
  JournalRow& row = record.row_of("submit_job");
  auto events = *decode_events(row.version, row.events);
  std::get<JobSubmitted>(events.front()).at += Millis{1};
  row.events = encode_events(events);
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == row.sequence);
  CHECK(report.difference->command == "submit_job");
  CHECK(report.difference->what ==
        "event 1 of the row is job_submitted with other content than recorded");
  CHECK(report.core.recorded != report.core.replayed);
}

TEST_CASE("A command that was changed in the journal shows in what it decides") {
  Record record = record_of_life();
  JournalRow& row = record.row_of("agent_ended");
  auto command = std::get<AgentEnded>(*decode_command(row.version, row.command));
  command.report.exit.exit_code = 3;
  row.command = encode_command(command);
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == row.sequence);
}

TEST_CASE("A row that is missing is named") {
  Record record = record_of_life();
  record.rows.erase(record.rows.begin() + 5);
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == Sequence{7});
  CHECK(report.difference->what == "rows between 5 and this are missing");
}

TEST_CASE("A pass that proposes otherwise than was recorded is named") {
  Record record = record_of_life();
  const auto pass = record.first_plan();
  pass->content.back() ^= 1;
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == pass->seen);
  CHECK(report.difference->command == "pass");
  CHECK(report.difference->what.find("recorded was another plan") != std::string::npos);
  CHECK(report.planner.recorded != report.planner.replayed);
  CHECK(report.core.recorded == report.core.replayed);
}

TEST_CASE("A plan that no recorded pass proposed is named") {
  Record record = record_of_life();
  record.inputs.erase(record.first_plan());
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == record.row_of("commit_plan").sequence);
  CHECK(report.difference->command == "commit_plan");
}

TEST_CASE("A record that begins with a snapshot follows the planners that began after it") {
  Record record = record_of_life();
  const Sequence middle = record.row_of("commit_plan").sequence;
  record.begin = state_after(record, middle);
  const RecordedReport report = record.replayed();
  CHECK_FALSE(report.difference.has_value());
  CHECK(report.first.value == middle.value + 1);
  CHECK(report.passes_left_out > 0);
  CHECK(report.planners == 1);
  CHECK(report.plans > 0);
}

TEST_CASE("Snapshots on the way are held against the replayed state") {
  Record record = record_of_life();
  const auto mark = [&record](Sequence at, const State& state) {
    Sha256 sum;
    sum.add(encode_snapshot(state));
    record.snapshots.push_back({at, to_hex(sum.finish())});
  };
  mark(Sequence{10}, state_after(record, Sequence{10}));
  CHECK(record.replayed().snapshots == 1);
  CHECK_FALSE(record.replayed().difference.has_value());
  mark(Sequence{12}, state_after(record, Sequence{11}));
  const RecordedReport report = record.replayed();
  REQUIRE(report.difference.has_value());
  CHECK(report.difference->row == Sequence{12});
  CHECK(report.difference->command == "snapshot");
}

// Jobs of whole nodes, none of which ever goes wrong.
RecordedList list_of_life() {
  Cluster cluster(6, make_cluster({.nodes = 3}));
  cluster.start();
  cluster.run_for(20 * kSecond);
  for (std::uint32_t i = 0; i < 12; ++i) submit(cluster, 1, (10 + 7 * (i % 5)) * kSecond);
  cluster.run_for(600 * kSecond);
  const MemoryJournal& journal = cluster.parts().journal;
  const Record record{journal.rows(), journal.planner_inputs(), {}, {}};
  const auto list = list_of(record.recording());
  REQUIRE(list);
  return *list;
}

ListStarts simulated(const RecordedList& list, Latencies latencies) {
  const auto starts = simulated_starts(list, latencies);
  REQUIRE(starts);
  return *starts;
}

TEST_CASE("From their list alone the recorded jobs start when they did but for what it took") {
  const RecordedList list = list_of_life();
  CHECK(list.jobs.size() == 12);
  CHECK(list.left_out == 0);
  CHECK(list.not_compared == 0);
  const ListAgreement made = agreement(list, simulated(list, Latencies::kLeftOut));
  CHECK(made.compared == 12);
  CHECK(made.inside == 12);
  CHECK(made.apart.max > Millis{0});          // the simulated network takes its time
  CHECK(made.tolerance_max < Millis{5'000});  // far from what a job takes
  CHECK(made.mean_wait_simulated < made.mean_wait_recorded);
}

TEST_CASE("With the recorded latencies the list's starts are closer still") {
  const RecordedList list = list_of_life();
  const ListStarts alone = simulated(list, Latencies::kLeftOut);
  const ListStarts knowing = simulated(list, Latencies::kAsRecorded);
  CHECK(agreement(list, knowing).compared == 12);
  CHECK(agreement(list, knowing).apart.max <= Millis{50});
  CHECK(apart(list, alone, knowing).max > Millis{50});
}

TEST_CASE("A start that is another job's is out of its tolerance") {
  const RecordedList list = list_of_life();
  ListStarts starts = simulated(list, Latencies::kLeftOut);
  std::swap(starts.front(), starts.back());
  CHECK(agreement(list, starts).inside == 10);
}

TEST_CASE("The list of what ran is a trace that reads back as it was") {
  RecordedList list = list_of_life();
  list.jobs.front().job.run = Millis{10'042};
  list.jobs.back().job.submit = Millis{20'500};
  std::vector<TraceJob> trace = trace_of(list, Latencies::kLeftOut);
  for (TraceJob& job : trace) job.name.clear();  // no trace has them
  CHECK(*parse_trace(to_csv(trace)) == trace);
}

}  // namespace
}  // namespace usine::sim
