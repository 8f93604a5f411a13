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

Status write_trace(const std::vector<sim::TraceJob>& trace, const std::string& file) {
  std::ofstream csv(file, std::ios::binary);
  csv << sim::to_csv(trace);
  if (csv.flush()) return {};
  return fail(ErrorCode::kIo, "cannot write the list to " + file);
}

Result<ListRun> simulate_list(const sim::Recording& recording, const std::string& file) {
  using sim::Latencies;
  const auto list = sim::list_of(recording);
  if (!list) return fail(list.error());
  if (!file.empty()) {
    const Status written = write_trace(sim::trace_of(*list, Latencies::kLeftOut), file);
    if (!written) return fail(written.error());
  }
  const auto alone = sim::simulated_starts(*list, Latencies::kLeftOut);
  if (!alone) return fail(alone.error());
  const auto knowing = sim::simulated_starts(*list, Latencies::kAsRecorded);
  if (!knowing) return fail(knowing.error());
  return ListRun{list->jobs.size(),
                 list->not_compared,
                 list->left_out,
                 sim::agreement(*list, *alone),
                 sim::agreement(*list, *knowing),
                 sim::apart(*list, *alone, *knowing)};
}

double seconds(Millis time) { return std::chrono::duration<double>(time).count(); }

Json json_of(const sim::Apart& apart) {
  return {{"p50", seconds(apart.median)}, {"p95", seconds(apart.p95)}, {"max", seconds(apart.max)}};
}

Json json_of(const sim::ListAgreement& made) {
  return {{"inside", made.inside},
          {"apart_s", json_of(made.apart)},
          {"mean_wait_s", seconds(made.mean_wait_simulated)}};
}

Json json_of(const ListRun& list) {
  return {
      {"jobs", list.jobs},
      {"compared", list.alone.compared},
      {"not_compared", list.not_compared},
      {"left_out", list.left_out},
      {"mean_wait_recorded_s", seconds(list.alone.mean_wait_recorded)},
      {"alone", json_of(list.alone)},
      {"with_latencies", json_of(list.with_latencies)},
      {"tolerance_s",
       {{"p50", seconds(list.alone.tolerance_median)}, {"max", seconds(list.alone.tolerance_max)}}},
      {"moved_s", json_of(list.moved)}};
}

std::string text_of(Millis time) { return std::to_string(time.count()) + " ms"; }

std::string text_of(const sim::Apart& apart) {
  return "median " + text_of(apart.median) + ", p95 " + text_of(apart.p95) + ", at most " +
         text_of(apart.max);
}

std::string text_of(const sim::ListAgreement& made) {
  return "starts apart: " + text_of(made.apart) + "; " + std::to_string(made.inside) + " of " +
         std::to_string(made.compared) + " inside the tolerance; mean wait " +
         text_of(made.mean_wait_simulated) + '\n';
}

std::string to_text(const ListRun& list) {
  return "list: " + std::to_string(list.jobs) + " jobs, " + std::to_string(list.not_compared) +
         " of them not compared, " + std::to_string(list.left_out) +
         " more left out; mean wait recorded " + text_of(list.alone.mean_wait_recorded) +
         "\n  tolerance: median " + text_of(list.alone.tolerance_median) + ", at most " +
         text_of(list.alone.tolerance_max) + "\n  from the list alone, " + text_of(list.alone) +
         "  with the recorded latencies, " + text_of(list.with_latencies) +
         "  by those the simulated starts themselves move: " + text_of(list.moved) + '\n';
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
  if (!std::filesystem::exists(run.store)) {
    return fail(ErrorCode::kNotFound, "there is no " + run.store +
                                          ": name the state folder of a scheduler, or a usine.db");
  }
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
