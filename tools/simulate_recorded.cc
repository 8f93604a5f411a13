#include "tools/simulate_recorded.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

#include <nlohmann/json.hpp>

#include "scheduler/store/recording_reader.h"

namespace usine::tools {
namespace {

using Json = nlohmann::ordered_json;

Result<sim::Recording> read_recording(store::RecordingReader& reader) {
  sim::Recording recording;
  auto begin = reader.begin();
  if (!begin) return fail(begin.error());
  recording.begin = *std::move(begin);
  const Sequence at = recording.begin.sequence;
  recording.read_rows = [&reader, at](const auto& visit) { return reader.read_rows(at, visit); };
  auto inputs = reader.planner_inputs(at);
  if (!inputs) return fail(inputs.error());
  recording.planner_inputs = *std::move(inputs);
  const auto snapshots = reader.snapshots(at);
  if (!snapshots) return fail(snapshots.error());
  for (const store::SnapshotHead& head : *snapshots) {
    recording.snapshots.push_back({head.sequence, head.digest});
  }
  return recording;
}

Result<ListRun> simulate_list(const sim::Recording& recording, const std::string& file) {
  const auto list = sim::list_of(recording);
  if (!list) return fail(list.error());
  const std::vector<sim::TraceJob> trace = sim::trace_of(*list, sim::Latencies::kLeftOut);
  if (!file.empty()) {
    std::ofstream csv(file, std::ios::binary);
    csv << sim::to_csv(trace);
    if (!csv.flush()) return fail(ErrorCode::kIo, "cannot write the list to " + file);
  }
  ListRun run{list->jobs.size(), list->not_compared, list->left_out, {}, {}, {}};
  const auto alone = sim::replay(list->cluster, trace);
  if (!alone) return fail(alone.error());
  run.agreement = sim::agreement(*list, sim::Latencies::kLeftOut, alone->starts);
  run.digest = alone->digest;
  const auto knowing =
      sim::replay(list->cluster, sim::trace_of(*list, sim::Latencies::kAsRecorded));
  if (!knowing) return fail(knowing.error());
  run.with_latencies = sim::agreement(*list, sim::Latencies::kAsRecorded, knowing->starts);
  return run;
}

double seconds(Millis time) { return std::chrono::duration<double>(time).count(); }

Json apart_of(const sim::ListAgreement& made) {
  return {{"p50", seconds(made.median)}, {"p95", seconds(made.p95)}, {"max", seconds(made.max)}};
}

Json json_of(const ListRun& list) {
  const sim::ListAgreement& made = list.agreement;
  return {{"jobs", list.jobs},
          {"compared", made.compared},
          {"not_compared", list.not_compared},
          {"left_out", list.left_out},
          {"inside", made.inside},
          {"apart_s", apart_of(made)},
          {"with_latencies_apart_s", apart_of(list.with_latencies)},
          {"tolerance_s",
           {{"p50", seconds(made.tolerance_median)}, {"max", seconds(made.tolerance_max)}}},
          {"digest", list.digest}};
}

std::string text_of(Millis time) { return std::to_string(time.count()) + " ms"; }

std::string apart_text(const sim::ListAgreement& made) {
  return "median " + text_of(made.median) + ", p95 " + text_of(made.p95) + ", at most " +
         text_of(made.max) + '\n';
}

std::string to_text(const ListRun& list) {
  const sim::ListAgreement& made = list.agreement;
  return "list: " + std::to_string(list.jobs) + " jobs simulated, " +
         std::to_string(made.compared) + " compared, " + std::to_string(list.left_out) +
         " left out\n  starts apart, from the list alone: " + apart_text(made) +
         "  tolerance: median " + text_of(made.tolerance_median) + ", at most " +
         text_of(made.tolerance_max) + "; " + std::to_string(made.inside) + " of " +
         std::to_string(made.compared) +
         " inside\n  starts apart, with recorded latencies: " + apart_text(list.with_latencies);
}

std::string digests_text(const sim::RecordedDigests& digests) {
  return "  recorded " + digests.recorded + "\n  replayed " + digests.replayed + '\n';
}

}  // namespace

Result<RecordedRun> simulate_recorded(const RecordedSettings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  RecordedRun run;
  run.store = settings.path;
  if (std::filesystem::is_directory(run.store)) run.store += "/usine.db";
  auto reader = store::RecordingReader::open({run.store, {}});
  if (!reader) return fail(reader.error());
  const auto recording = read_recording(*reader);
  if (!recording) return fail(recording.error().within(run.store));
  auto report = sim::replay_recorded(*recording);
  if (!report) return fail(report.error().within(run.store));
  run.report = *std::move(report);
  run.wall_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  if (!settings.from_list) return run;
  auto list = simulate_list(*recording, settings.list_file);
  if (!list) return fail(list.error().within(run.store));
  run.list = *std::move(list);
  return run;
}

Json to_json(const RecordedRun& run) {
  const sim::RecordedReport& report = run.report;
  Json document = {{"store", run.store},
                   {"first_row", report.first.value},
                   {"last_row", report.last.value},
                   {"rows", report.rows},
                   {"events", report.events},
                   {"snapshots", report.snapshots},
                   {"digest_recorded", report.core.recorded},
                   {"digest_replayed", report.core.replayed},
                   {"planners", report.planners},
                   {"passes", report.passes},
                   {"plans", report.plans},
                   {"passes_left_out", report.passes_left_out},
                   {"planner_digest_recorded", report.planner.recorded},
                   {"planner_digest_replayed", report.planner.replayed},
                   {"same", !report.difference.has_value()},
                   {"difference", nullptr},
                   {"wall_s", run.wall_s}};
  if (const auto& difference = report.difference) {
    document["difference"] = {{"row", difference->row.value},
                              {"command", difference->command},
                              {"what", difference->what}};
  }
  if (run.list) document["list"] = json_of(*run.list);
  return document;
}

std::string to_text(const RecordedRun& run) {
  const sim::RecordedReport& report = run.report;
  std::string text = run.store + ": rows " + std::to_string(report.first.value) + " to " +
                     std::to_string(report.last.value) + '\n';
  text += "core: " + std::to_string(report.rows) + " commands, " + std::to_string(report.events) +
          " events, " + std::to_string(report.snapshots) + " snapshots met\n" +
          digests_text(report.core);
  text += "planner: " + std::to_string(report.passes) + " passes of " +
          std::to_string(report.planners) + " planners, " + std::to_string(report.plans) +
          " of them with proposals\n" + digests_text(report.planner);
  if (report.passes_left_out > 0) {
    text += "left out: " + std::to_string(report.passes_left_out) +
            " passes of a planner that began before the record\n";
  }
  if (run.list) text += to_text(*run.list);
  if (!report.difference) return text + "the decisions are the same\n";
  return text + "the decisions differ first at row " +
         std::to_string(report.difference->row.value) + ", " + report.difference->command + ": " +
         report.difference->what + '\n';
}

}  // namespace usine::tools
