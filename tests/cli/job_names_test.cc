#include "cli/job_names.h"

#include <doctest/doctest.h>

#include "cli/views.h"

using namespace usine;
using namespace usine::cli;

namespace {

std::string refusal(const std::string& text) {
  const auto name = parse_job_name(text);
  REQUIRE_FALSE(name);
  return name.error().message;
}

void add_count(proto::ArrayInfo& array, const char* state, std::uint32_t tasks,
               const char* indexes) {
  proto::ArrayTaskCount& count = *array.add_counts();
  count.set_state(state);
  count.set_tasks(tasks);
  count.set_indexes(indexes);
}

proto::JobSummary array_of_sixteen() {
  proto::JobSummary job;
  job.set_id(1234);
  job.set_state("pending");
  proto::ArrayInfo& array = *job.mutable_array();
  array.set_tasks(16);
  array.set_limit(4);
  add_count(array, "pending", 11, "5-15");
  add_count(array, "running", 4, "");
  add_count(array, "completed", 1, "0");
  return job;
}

}  // namespace

TEST_CASE("a job is named by its id and tasks of an array behind an underscore") {
  CHECK(parse_job_name("42")->job == 42);
  CHECK(parse_job_name("42")->tasks.empty());
  CHECK(parse_job_name("42_7")->job == 42);
  CHECK(parse_job_name("42_7")->tasks == "7");
  CHECK(parse_job_name("42_[1-3,9]")->tasks == "1-3,9");
  CHECK(parse_job_name("42_1-3")->tasks == "1-3");
}

TEST_CASE("what names no job is refused with the forms that do") {
  CHECK(refusal("train").find("is not a job id, such as 42, or a task of an array, such as 42_7") !=
        std::string::npos);
  CHECK(refusal("x_7").find("is not a job id") != std::string::npos);
  CHECK(refusal("42_").find("does not name tasks of an array") != std::string::npos);
  CHECK(refusal("42_9-7").find("ends before it begins") != std::string::npos);
}

TEST_CASE("one job is asked for by its index in the array") {
  CHECK(request_for("42")->job() == 42);
  CHECK_FALSE(request_for("42")->has_array_index());
  CHECK(request_for("42_7")->array_index() == 7);
  CHECK(request_for("42_[1-2]").error().message.find("names several tasks") != std::string::npos);
}

TEST_CASE("[B25] an array is one line with the tasks that wait and how many are in each state") {
  CHECK(name_of(array_of_sixteen()) == "1234_[5-15%4]");
  CHECK(counts_text(array_of_sixteen()) == "11 pending, 4 running, 1 completed");
  proto::JobSummary task;
  task.set_id(1240);
  task.set_array_id(1234);
  task.set_array_index(0);
  CHECK(name_of(task) == "1234_0");
  CHECK(counts_text(task).empty());
}

TEST_CASE("the JSON of an array has its counts and that of a task its place") {
  const Json array = to_json(array_of_sixteen());
  CHECK(array["id"] == 1234);
  CHECK(array["array"]["tasks"] == 16);
  CHECK(array["array"]["limit"] == 4);
  CHECK(array["array"]["states"]["pending"]["tasks"] == 11);
  CHECK(array["array"]["states"]["pending"]["indexes"] == "5-15");
  CHECK(array["array_id"].is_null());
  proto::JobSummary task;
  task.set_array_id(1234);
  task.set_array_index(7);
  CHECK(to_json(task)["array_id"] == 1234);
  CHECK(to_json(task)["array_index"] == 7);
  CHECK(to_json(task)["array"].is_null());
}
