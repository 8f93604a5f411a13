#include <doctest/doctest.h>

#include "cli/jobs.h"
#include "cli/output_file.h"
#include "cli/terminal.h"
#include "cli/views.h"

using namespace usine;
using namespace usine::cli;

namespace {

proto::JobSummary waiting_job() {
  proto::JobSummary job;
  job.set_id(42);
  job.set_state("pending");
  job.set_submit_ms(1500);
  job.set_estimated_start_ms(60'000);
  job.set_estimated_earliest_ms(0);
  job.set_estimated_latest_ms(90'000);
  proto::Reason& reason = *job.add_reasons();
  reason.set_kind("gpus_busy");
  reason.set_asked(8);
  reason.set_sentence("8 GPUs are needed");
  return job;
}

}  // namespace

TEST_CASE("tables align their columns by what people see") {
  Table table({"A", "NUMBER"});
  table.align_right(1);
  table.add({"x\xC3\xA9y", "7"});
  table.add({"z", "12345678"});
  CHECK(table.text() == "A      NUMBER\nx\xC3\xA9y         7\nz    12345678\n");
}

TEST_CASE("a waiting job as JSON has its times reasons and nulls") {
  const Json json = to_json(waiting_job());
  CHECK(json["id"] == 42);
  CHECK(json["submit_time"] == "1970-01-01T00:00:01.500Z");
  CHECK(json["estimated_start"] == "1970-01-01T00:01:00Z");
  CHECK(json["estimated_start_earliest"] == "1970-01-01T00:00:00Z");
  CHECK(json["estimated_start_latest"] == "1970-01-01T00:01:30Z");
  CHECK(json["start_time"].is_null());
  CHECK(json["exit"].is_null());
  CHECK(json["reasons"][0]["kind"] == "gpus_busy");
  CHECK(json["reasons"][0]["asked"] == 8);
}

TEST_CASE("lists of jobs keep their place under jobs beside the time of the answer") {
  proto::ListJobsReply reply;
  *reply.add_jobs() = waiting_job();
  reply.set_as_of_ms(0);
  const Json json = to_json(reply);
  CHECK(json["jobs"].size() == 1);
  CHECK(json["as_of"] == "1970-01-01T00:00:00Z");
}

TEST_CASE("the elapsed time of history is in seconds") {
  proto::HistoryEntry entry;
  entry.set_elapsed_ms(1500);
  CHECK(to_json(entry)["elapsed"] == 1.5);
  entry.set_elapsed_ms(2000);
  CHECK(to_json(entry)["elapsed"] == 2);
}

TEST_CASE("ends are told in words") {
  proto::ExitStatus exit;
  exit.set_exit_code(3);
  CHECK(exit_text(exit) == "exit 3");
  exit.set_signal(9);
  CHECK(exit_text(exit) == "signal 9 (KILL)");
  proto::ExitStatus lost;
  lost.set_cause(5);
  CHECK(exit_text(lost) == "lost");
  CHECK(state_text(waiting_job()) == "pending: 8 GPUs are needed");
}

TEST_CASE("a job's end gives the status to exit with") {
  proto::JobSummary job;
  job.set_state("completed");
  CHECK(exit_status_of(job) == 0);
  job.set_state("failed");
  job.mutable_exit()->set_exit_code(7);
  CHECK(exit_status_of(job) == 7);
  job.mutable_exit()->set_signal(9);
  CHECK(exit_status_of(job) == 137);
  job.set_state("timeout");
  job.clear_exit();
  CHECK(exit_status_of(job) == 1);
}

TEST_CASE("job ids are whole numbers from one") {
  CHECK(parse_job_id("42") == 42u);
  for (const auto* text : {"", "0", "-1", "4x", "x", "99999999999999999999"}) {
    CHECK_FALSE(parse_job_id(text).has_value());
  }
}

TEST_CASE("the output file of a job is said as far as it is known") {
  JobRequest request;
  request.name = "train";
  request.launch.working_directory = "/w";
  CHECK(output_path(request, 7) == "/w/usine-7.out");
  request.launch.output = "../%x-%j-%N.out";
  CHECK(output_path(request, 7) == "/train-7-%N.out");
  proto::JobDetail placed;
  placed.mutable_summary()->set_id(7);
  placed.mutable_summary()->set_name("train");
  placed.add_placement()->set_name("node003");
  placed.mutable_request()->mutable_launch()->set_working_directory("/w");
  placed.mutable_request()->mutable_launch()->set_output("%N-%4j.out");
  CHECK(output_path(placed) == "/w/node003-0007.out");
}
