#include <doctest/doctest.h>

#include "model/allocation.h"
#include "model/exported_environment.h"
#include "model/job_state.h"
#include "model/reason.h"
#include "model/request.h"

using namespace usine;

namespace {

using Entries = std::vector<std::string>;

Entries exported(std::string_view spec, const Entries& environment) {
  return exported_environment(spec, environment).value_or(Entries{"refused"});
}

JobRequest sound() {
  JobRequest request;
  request.name = "train";
  request.components.emplace_back();
  return request;
}

Reason reason(ReasonKind kind, std::int64_t asked, std::int64_t free, std::int64_t total) {
  return {kind, asked, free, total, "x"};
}

std::string fault(const JobRequest& request) {
  const Status status = check_request(request);
  return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("every job state reads back from its word") {
  for (int i = 0; i <= static_cast<int>(JobState::kDeadline); ++i) {
    const auto state = static_cast<JobState>(i);
    CHECK(job_state_from(to_string(state)) == state);
  }
  CHECK_FALSE(job_state_from("finished").has_value());
}

TEST_CASE("every reason has a word and a sentence with its numbers") {
  for (int i = 0; i <= static_cast<int>(ReasonKind::kPassLimit); ++i) {
    const auto kind = static_cast<ReasonKind>(i);
    CHECK_FALSE(to_string(kind).empty());
    CHECK(describe(reason(kind, 4, 0, 2)).size() > 20);
  }
  CHECK(describe(reason(ReasonKind::kGpusBusy, 8, 2, 4)) ==
        "4 nodes with 8 free GPUs each are needed, 2 have them now");
  CHECK(describe(reason(ReasonKind::kMemoryBusy, 2048, 0, 1)) ==
        "1 node with 2 GiB of free memory is needed, none has it now");
  CHECK(describe(reason(ReasonKind::kMemoryBusy, 0, 0, 1)) ==
        "1 node with free memory for its cores is needed, none has it now");
  CHECK(describe(reason(ReasonKind::kBeginTime, 1000, 0, 0)) ==
        "it is not to start before 1970-01-01T00:00:01Z");
}

TEST_CASE("a sound request passes and each limit is named when exceeded") {
  CHECK(fault(sound()).empty());
  auto with = [](auto change) {
    JobRequest request = sound();
    change(request);
    return fault(request);
  };
  CHECK(with([](auto& r) { r.components.clear(); }) == "a job needs at least one component");
  CHECK(with([](auto& r) { r.components[0].nodes = 0; }) == "a job needs at least one node");
  CHECK(with([](auto& r) { r.components[0].tasks = 2; }) ==
        "2 tasks do not fit on 1 nodes with 1 tasks each");
  CHECK(with([](auto& r) { r.components[0].per_node.gpus = 65; }) ==
        "65 GPUs a node are more than the limit of 64");
  CHECK(with([](auto& r) { r.name = std::string(257, 'x'); }) ==
        "the job name has 257 bytes, and the limit is 256");
  CHECK(with([](auto& r) { r.name = "a\nb"; }) == "the job name holds a control character");
  CHECK(with([](auto& r) { r.components[0].only_nodes = {"a", "b"}; }) ==
        "the node list names 2 nodes, and the job asks for 1");
  CHECK(with([](auto& r) { r.time_limit = Seconds(0); }) == "a time limit must be more than zero");
}

TEST_CASE("[B60] a node that is both asked for and excluded is refused") {
  JobRequest request = sound();
  request.components[0].only_nodes = {"a"};
  request.components[0].excluded_nodes = {"b", "a"};
  CHECK(fault(request) == "node a is both asked for and excluded");
}

TEST_CASE("totals run over all components") {
  JobRequest request = sound();
  request.components.emplace_back();
  request.components.back().nodes = 3;
  request.components.back().per_node.gpus = 8;
  CHECK(request.total_nodes() == 4);
  CHECK(request.total_gpus() == 24);
  Allocation allocation;
  allocation.nodes.resize(2);
  allocation.nodes[0].cores = CoreSet::first(4);
  allocation.nodes[1].gpus = GpuSet::first(2);
  CHECK(allocation.total_cores() == 4);
  CHECK(allocation.total_gpus() == 2);
}

TEST_CASE("a GPU type fits a model by its name in it") {
  CHECK(fits_gpu_type("NVIDIA H100 80GB HBM3", "h100"));
  CHECK(fits_gpu_type("NVIDIA H100 80GB HBM3", ""));
  CHECK_FALSE(fits_gpu_type("NVIDIA H100 80GB HBM3", "a100"));
}

TEST_CASE("[B9] the chosen environment is what a job gets") {
  const Entries shell = {"PATH=/bin", "A=1", "B=2", "USINE_JOB_ID=3", "USINE_STATE=/s"};
  CHECK(exported("ALL", shell) == Entries{"PATH=/bin", "A=1", "B=2", "USINE_STATE=/s"});
  CHECK(exported("NONE", shell) == Entries{"PATH=/bin"});
  CHECK(exported("A", shell) == Entries{"PATH=/bin", "A=1"});
  CHECK(exported("A,C=x=y", shell) == Entries{"PATH=/bin", "A=1", "C=x=y"});
  CHECK(exported("ALL,A=5", shell) == Entries{"PATH=/bin", "B=2", "USINE_STATE=/s", "A=5"});
  CHECK(exported(",", shell) == Entries{"refused"});
}
