#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "scheduler/core/config_merge.h"
#include "scheduler/core/decide.h"
#include "tests/support/cluster_builder.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::request_for;

const Time kNow{Millis{1'700'000'000'000}};

ClusterConfig governed() {
  ClusterConfig config = cluster_of(4);
  config.partitions.push_back(config.partitions[0]);
  config.partitions[1].name = "private";
  config.partitions[1].is_default = false;
  config.partitions[1].access.users = {"eve"};
  config.projects = {{"climate", {"ada", "bob"}, 1, {}}, {"proteins", {"bob"}, 1, {}}};
  config.qos.resize(3);
  config.qos[0].name = "normal";
  config.qos[0].is_default = true;
  config.qos[0].access.projects = {"climate"};
  config.qos[1].name = "urgent";
  config.qos[1].access.users = {"eve"};
  config.qos[2].name = "late";
  config.qos[2].limits.per_job = {8, 2, Seconds{7200}};
  config.qos[2].limits.per_user.gpus = 6;
  return config;
}

class Cluster {
 public:
  explicit Cluster(ClusterConfig config = governed()) {
    auto shared = std::make_shared<const ClusterConfig>(std::move(config));
    REQUIRE(decide(state, Configure{"uuid", shared}, kNow).reply);
  }

  // The job as it was taken, or the refusal.
  Result<Job> submit(const JobRequest& request) {
    const Caller caller{request.user, 1, 1, request.user == "operator"};
    auto shared = std::make_shared<const JobRequest>(request);
    const Decision decision = decide(state, SubmitJob{caller, shared, false, {}}, kNow);
    for (const std::string& fault : check_invariants(state)) FAIL_CHECK(fault);
    if (!decision.reply) return fail(decision.reply.error());
    return state.jobs.at(std::get<Submitted>(*decision.reply).job);
  }

  std::string refusal(const JobRequest& request) {
    const Result<Job> job = submit(request);
    REQUIRE_FALSE(job.has_value());
    return job.error().message;
  }

  State state;
};

TEST_CASE("[B7] an unknown project partition or QOS is refused with what this user may use") {
  Cluster cluster;
  JobRequest request = request_for({.user = "bob"});
  request.project = "astro";
  CHECK(cluster.refusal(request) == "there is no project 'astro'; you may use: climate, proteins");
  request.project = "climate";
  request.partition = "big";
  CHECK(cluster.refusal(request) == "there is no partition 'big'; you may use: main");
  request.partition = "";
  request.qos = "best";
  CHECK(cluster.refusal(request) == "there is no QOS 'best'; you may use: normal, late");
}

TEST_CASE("[B7] what is for others is refused with what this user may use") {
  Cluster cluster;
  JobRequest request = request_for({});
  request.project = "proteins";
  CHECK(cluster.refusal(request) == "project 'proteins' is not for user ada; you may use: climate");
  request.project = "";
  request.partition = "private";
  CHECK(cluster.refusal(request) ==
        "partition 'private' is not for user ada with project climate; you may use: main");
  request.partition = "";
  request.qos = "urgent";
  CHECK(cluster.refusal(request) ==
        "QOS 'urgent' is not for user ada with project climate; you may use: normal, late");
  CHECK(cluster.refusal(request_for({.user = "stranger"})) ==
        "user stranger is a member of no project; ask its lead to be added");
}

TEST_CASE("what a request leaves open is filled in with what its user may use") {
  Cluster cluster;
  const Result<Job> ada = cluster.submit(request_for({}));
  REQUIRE(ada);
  CHECK(ada->request->project == "climate");
  CHECK(ada->request->qos == "normal");
  JobRequest request = request_for({.user = "bob"});
  request.project = "proteins";
  const Result<Job> bob = cluster.submit(request);
  REQUIRE(bob);
  CHECK(bob->request->qos == "late");
  CHECK(bob->qos == QosId{2});
}

TEST_CASE("an operator may use everything") {
  Cluster cluster;
  JobRequest request = request_for({.user = "operator"});
  request.project = "proteins";
  request.partition = "private";
  request.qos = "urgent";
  CHECK(cluster.submit(request));
}

TEST_CASE("without lists every project is taken and one QOS exists") {
  Cluster cluster(cluster_of(2));
  JobRequest request = request_for({});
  request.project = "anything";
  request.qos = "normal";
  CHECK(cluster.submit(request));
  request.qos = "high";
  CHECK(cluster.refusal(request) == "there is no QOS 'high'; you may use: normal");
}

TEST_CASE("a job above a bound on one job is refused with the bound named") {
  Cluster cluster;
  JobRequest request = request_for({.nodes = 3, .gpus = 1});
  request.qos = "late";
  CHECK(cluster.refusal(request) == "the job asks for 3 nodes; QOS late allows a job 2");
  request = request_for({.nodes = 2, .gpus = 5});
  request.qos = "late";
  CHECK(cluster.refusal(request) == "the job asks for 10 GPUs; QOS late allows a job 8");
  request = request_for({.time_limit = Seconds{7201}});
  request.qos = "late";
  CHECK(cluster.refusal(request) ==
        "the time limit 02:00:01 is above the 02:00:00 that QOS late allows; lower --time");
}

TEST_CASE("[B4] a job that no end of others could bring below a limit is refused") {
  Cluster cluster;
  JobRequest request = request_for({.gpus = 7});
  request.qos = "late";
  CHECK(cluster.refusal(request) ==
        "the job asks for 7 GPUs; user ada in QOS late may use at most 6 at once");
}

TEST_CASE("a job that could not end before its deadline is refused") {
  Cluster cluster;
  JobRequest request = request_for({.time_limit = Seconds{60}});
  request.deadline = kNow + Millis{59'999};
  CHECK(cluster.refusal(request).starts_with("the job could not end before its deadline "));
  request.deadline = kNow + Millis{60'000};
  CHECK(cluster.submit(request));
  request.begin = kNow + Millis{1};
  CHECK(cluster.refusal(request).starts_with("the job could not end before its deadline "));
}

TEST_CASE("[B10] a submission told again after its deadline has come near is the same job") {
  Cluster cluster;
  JobRequest request = request_for({.time_limit = Seconds{60}});
  request.deadline = kNow + Millis{70'000};
  request.idempotency_key = "once";
  const JobId job = cluster.submit(request)->id;
  const SubmitJob again{{"ada", 1, 1, false}, std::make_shared<const JobRequest>(request)};
  const Decision decision = decide(cluster.state, again, kNow + Millis{10'000});
  CHECK(decision.events.empty());
  REQUIRE(decision.reply);
  CHECK(std::get<Submitted>(*decision.reply).job == job);
  CHECK(std::get<Submitted>(*decision.reply).existed);
}

TEST_CASE("a waiting job whose deadline cannot be met any more ends with that state") {
  Cluster cluster;
  JobRequest request = request_for({.time_limit = Seconds{60}});
  request.deadline = kNow + Millis{100'000};
  const JobId job = cluster.submit(request)->id;
  CHECK(next_deadline(cluster.state) == kNow + Millis{40'001});
  (void)decide(cluster.state, Tick{}, kNow + Millis{40'000});
  CHECK(cluster.state.jobs.at(job).state == JobState::kPending);
  (void)decide(cluster.state, Tick{}, kNow + Millis{40'001});
  CHECK(cluster.state.jobs.at(job).state == JobState::kDeadline);
  CHECK(cluster.state.jobs.at(job).message.starts_with("could not have ended before"));
  for (const std::string& fault : check_invariants(cluster.state)) FAIL_CHECK(fault);
}

TEST_CASE("a QOS keeps its number when a new configuration names them in another order") {
  const auto with = [](const std::vector<std::string>& names) {
    ClusterConfig config = cluster_of(1);
    for (const std::string& name : names) config.qos.emplace_back().name = name;
    return config;
  };
  const auto merged = merge_config(with({"a", "b"}), with({"c", "b", "a"}));
  REQUIRE(merged);
  CHECK(merged->qos == with({"a", "b", "c"}).qos);
  const auto gone = merge_config(with({"a", "b"}), with({"a"}));
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message.find("QOS 'b'") != std::string::npos);
  ClusterConfig first = with({"x", "y"});
  first.qos[1].is_default = true;
  CHECK(merge_config(with({}), first)->qos[0].name == "y");
}

}  // namespace
}  // namespace usine
