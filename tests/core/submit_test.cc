#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::request_for;

SubmitJob submission(JobRequest request, bool test_only = false) {
  Caller caller = CoreDriver::user(request.user);
  return {caller, std::make_shared<const JobRequest>(std::move(request)), test_only};
}

TEST_CASE("[B4] a request that no node could ever hold is refused with the limit named") {
  CoreDriver core;
  const Error gpus = core.refused(submission(request_for({.gpus = 16})));
  CHECK(gpus.code == ErrorCode::kRefused);
  CHECK(gpus.message.find("16 GPUs a node") != std::string::npos);
  CHECK(gpus.message.find("has 8") != std::string::npos);
  const Error cores = core.refused(submission(request_for({.cores = 17})));
  CHECK(cores.message.find("17 cores a node") != std::string::npos);
  const Error nodes = core.refused(submission(request_for({.nodes = 5})));
  CHECK(nodes.message.find("5 nodes") != std::string::npos);
  CHECK(nodes.message.find("has 4") != std::string::npos);
  const Error time = core.refused(submission(request_for({.time_limit = Seconds{86'401}})));
  CHECK(time.message.find("time limit") != std::string::npos);
  CHECK(core.state.jobs.empty());
}

TEST_CASE("[B30] a gang whose total fits but not per node is not admitted") {
  CoreDriver core;  // 4 nodes of 8 GPUs: 32 in all
  const Error error = core.refused(submission(request_for({.nodes = 2, .gpus = 12})));
  CHECK(error.message.find("12 GPUs a node") != std::string::npos);
}

TEST_CASE("[B5] a request that only nodes now down could hold stays pending with that reason") {
  CoreDriver core;
  const JobId job = core.submit(Ask{.nodes = 2, .gpus = 8});
  const Plan none_up = core.plan();
  CHECK(none_up.proposals.starts.empty());
  CHECK(none_up.reasons.at(job).kind == ReasonKind::kPartitionDown);
  core.hello("node001");
  const Plan one_up = core.plan();
  CHECK(one_up.reasons.at(job).kind == ReasonKind::kNodesDown);
  CHECK(one_up.reasons.at(job).asked == 2);
  CHECK(one_up.reasons.at(job).free == 1);
  core.hello("node002");
  core.plan();
  CHECK(core.state_of(job) == JobState::kPreparing);
}

TEST_CASE("[B6] a test-only submission records nothing and takes no id") {
  CoreDriver core;
  const Reply reply = core.must(submission(request_for({}), true));
  CHECK(std::get<Submitted>(reply).job == JobId{0});
  CHECK(core.last_events.empty());
  CHECK(core.submit(Ask{}) == JobId{1});
}

TEST_CASE("[B7] an unknown partition is refused and the message lists the ones there are") {
  CoreDriver core;
  JobRequest request = request_for({});
  request.partition = "gpu-long";
  const Error error = core.refused(submission(std::move(request)));
  CHECK(error.code == ErrorCode::kNotFound);
  CHECK(error.message.find("gpu-long") != std::string::npos);
  CHECK(error.message.find("main") != std::string::npos);
}

TEST_CASE("[B10] the same idempotency key gives the same job and creates one") {
  CoreDriver core;
  JobRequest request = request_for({});
  request.idempotency_key = "experiment-7";
  const JobId first = core.submit(request);
  const auto again = std::get<Submitted>(core.must(submission(request)));
  CHECK(again.existed);
  CHECK(again.job == first);
  CHECK(core.state.jobs.size() == 1);
  request.user = "grace";  // another user's key is another key
  CHECK(core.submit(request) != first);
}

TEST_CASE("[B60] contradictory node lists and unknown node names are refused") {
  CoreDriver core;
  JobRequest request = request_for({});
  request.components[0].only_nodes = {"node002"};
  request.components[0].excluded_nodes = {"node002"};
  CHECK(core.refused(submission(request)).code == ErrorCode::kInvalid);
  request.components[0].excluded_nodes = {"node077"};
  CHECK(core.refused(submission(request)).code == ErrorCode::kNotFound);
  request.components[0].excluded_nodes = {};
  request.components[0].only_nodes = {"node001", "node002"};
  CHECK(core.refused(submission(request)).code == ErrorCode::kInvalid);
}

TEST_CASE("a named node that could never hold its share is refused by name") {
  ClusterConfig config = test::cluster_of(2);
  config.classes.push_back({"small", test::gpu_node_shape(4, 2)});
  config.nodes[1].node_class = 1;
  CoreDriver core(config);
  JobRequest request = request_for({.gpus = 8});
  request.components[0].only_nodes = {"node002"};
  CHECK(core.refused(submission(request)).message.find("'node002'") != std::string::npos);
}

TEST_CASE("only operators raise a priority and only owners and operators act on a job") {
  CoreDriver core;
  JobRequest request = request_for({});
  request.priority = 5;
  CHECK(core.refused(submission(request)).code == ErrorCode::kPermission);
  const JobId job = core.submit(Ask{});
  const Error other = core.refused(ActOnJob{CoreDriver::user("mallory"), job, JobAction::kCancel});
  CHECK(other.code == ErrorCode::kPermission);
  core.must(ActOnJob{CoreDriver::user("operator"), job, JobAction::kHold});
  const Error own = core.refused(ActOnJob{CoreDriver::user("ada"), job, JobAction::kRelease});
  CHECK(own.code == ErrorCode::kPermission);
  core.must(ActOnJob{CoreDriver::user("operator"), job, JobAction::kRelease});
  CHECK(core.job(job).hold == HoldKind::kNone);
}

TEST_CASE("job ids grow and are not given again after a job is forgotten") {
  CoreDriver core;
  const JobId first = core.submit(Ask{});
  core.must(ActOnJob{CoreDriver::user("ada"), first, JobAction::kCancel});
  core.pass(core.state.config->timings.keep_finished);
  CHECK(core.state.find_job(first) == nullptr);
  CHECK(core.submit(Ask{}) == JobId{first.value + 1});
}

}  // namespace
}  // namespace usine
