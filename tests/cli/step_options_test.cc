// From the words of `usine run` to what a step asks for.
#include "cli/step_options.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::cli;
using usine::test::TempFolder;

namespace {

using Words = std::vector<std::string>;

Result<proto::RunStep> read(const Words& words, const Words& environment = {},
                            StepOrigin origin = StepOrigin::kInsideJob) {
  const auto parsed = parse_option_words(words, OptionLayer::kCommandLine, "");
  REQUIRE(parsed);
  return read_step_options(parsed->uses, environment, origin);
}

std::string error_of(const Words& words, const Words& environment = {}) {
  const auto step = read(words, environment);
  return step ? "" : step.error().message;
}

}  // namespace

TEST_CASE("[B58] inside a job counts are the step's and outside they are the job's") {
  const Words words = {"-N2", "-n8", "-c4", "--gpus-per-task=h100:1", "--gres=gpu:2"};
  const auto inside = read(words);
  REQUIRE(inside);
  CHECK(inside->nodes() == 2);
  CHECK(inside->tasks() == 8);
  CHECK(inside->cores_per_task() == 4);
  CHECK(inside->gpus_per_task() == 1);
  CHECK(inside->gpus_per_node() == 2);
  CHECK_FALSE(inside->has_gpus());
  const auto outside = read(words, {}, StepOrigin::kOutside);
  REQUIRE(outside);
  CHECK(outside->SerializeAsString().empty());
  const auto parsed = parse_option_words(words, OptionLayer::kCommandLine, "");
  CHECK(without_step_options(parsed->uses, StepOrigin::kInsideJob).empty());
  CHECK(without_step_options(parsed->uses, StepOrigin::kOutside).size() == words.size());
}

TEST_CASE("variables that srun reads stand in for what is not said inside a job") {
  const Words variables = {"SLURM_CPU_BIND=threads", "SLURM_GPU_BIND=closest",
                           "SLURM_DISTRIBUTION=plane=2", "SLURM_KILL_BAD_EXIT=1"};
  const auto step = read({"--gpu-bind=none", "-K0"}, variables);
  REQUIRE(step);
  CHECK(step->cpu_binding() == "threads");
  CHECK(step->gpu_binding() == "none");
  CHECK(step->distribution() == "plane=2");
  CHECK(step->bad_exit() == 2);
  CHECK(read({}, variables)->bad_exit() == 1);
  CHECK(read({}, variables, StepOrigin::kOutside)->cpu_binding().empty());
  CHECK(error_of({}, {"SLURM_DISTRIBUTION=odd"})
            .starts_with("SLURM_DISTRIBUTION: --distribution: 'odd' is no distribution"));
}

TEST_CASE("a step that a task of another starts shares what that has unless told otherwise") {
  CHECK_FALSE(read({})->overlap());
  CHECK(read({}, {"USINE_STEP_ID=0"})->overlap());
  CHECK_FALSE(read({"--exact"}, {"USINE_STEP_ID=0"})->overlap());
  CHECK(error_of({"--exclusive", "--overlap"}) ==
        "--exact and --overlap contradict each other: write one");
}

TEST_CASE("input and bad exits take their few words and no other") {
  CHECK(read({"--input=none"})->input_to() == 2);
  CHECK(read({"--input", "3"})->input_rank() == 3);
  CHECK(read({"-K"})->bad_exit() == 1);
  CHECK(error_of({"-K2"}) == "--kill-on-bad-exit: '2' is neither 0 nor 1");
  CHECK(error_of({"-n0"}) == "--ntasks: '0' is no number above 0");
  CHECK(error_of({"--gpus=many"}) == "--gpus: 'many' is no number of GPUs");
  CHECK(error_of({"--immediate=30"}) ==
        "--immediate takes no time: write --immediate alone, or leave it out");
  CHECK(error_of({"--partition=gpu"})
            .starts_with("--partition is for jobs: inside a job a step takes --nodes"));
}

TEST_CASE("--multi-prog takes one file that reads and sends it whole") {
  const TempFolder folder;
  const std::string file = folder / "job.conf";
  REQUIRE(os::write_file(file, "* true\n"));
  const auto uses = parse_option_words(Words{"--multi-prog"}, OptionLayer::kCommandLine, "")->uses;
  proto::RunStep step;
  REQUIRE(read_step_command({file}, uses, step));
  CHECK(step.programs() == "* true\n");
  CHECK(step.programs_file() == file);
  CHECK_FALSE(read_step_command({file, "word"}, uses, step));
  CHECK_FALSE(read_step_command({folder / "missing"}, uses, step));
  REQUIRE(os::write_file(file, "1-0 true\n"));
  CHECK(read_step_command({file}, uses, step).error().message ==
        file + ":1: '1-0' is no list of ranks: write 0-3,7 or *");
}
