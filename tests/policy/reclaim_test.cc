// GPUs that projects lend each other and take back (B75).
#include <algorithm>
#include <set>

#include <doctest/doctest.h>

#include "scheduler/core/guarantees.h"
#include "scheduler/core/messages.h"
#include "scheduler/policy/explain.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// Four nodes of 8 GPUs: 16 are guaranteed to astro, 8 to bio, none to chem.
ClusterConfig projects() {
  ClusterConfig config = cluster_of(4);
  config.projects.resize(3);
  config.projects[0].name = "astro";
  config.projects[0].guaranteed_gpus = 16;
  config.projects[1].name = "bio";
  config.projects[1].guaranteed_gpus = 8;
  config.projects[2].name = "chem";
  for (Project& project : config.projects) project.members = {"ada"};
  return config;
}

JobRequest of_project(const std::string& project, std::uint32_t nodes, std::uint32_t gpus = 8) {
  JobRequest request = request_for({.nodes = nodes, .gpus = gpus});
  request.project = project;
  return request;
}

class Lent : public CoreDriver {
 public:
  explicit Lent(ClusterConfig config = projects()) : CoreDriver(std::move(config)) { join_all(); }

  JobId runs(const JobRequest& request) {
    const JobId id = waits(request);
    REQUIRE(state_of(id) == JobState::kPreparing);
    prepare_all(id);
    return id;
  }
  JobId waits(const JobRequest& request) {
    const JobId id = submit(request);
    plan();
    return id;
  }

  // Of the running jobs those that were asked to leave for `id`.
  [[nodiscard]] std::set<JobId> leaving_for(JobId id) const {
    std::set<JobId> leaving;
    for (const auto& [other, job] : state.jobs) {
      if (job.attempt && job.attempt->stop && job.attempt->stop->for_job == id) {
        leaving.insert(other);
      }
    }
    return leaving;
  }
};

using Jobs = std::set<JobId>;

TEST_CASE("[B75] an owner takes back what others have borrowed and only as much as it needs") {
  Lent core;
  std::vector<JobId> borrowers;
  for (int i = 0; i < 4; ++i) borrowers.push_back(core.runs(of_project("chem", 1)));
  core.now += Seconds{60};
  core.must(MarkJob{CoreDriver::user("ada"), borrowers[2], "saved"});  // loses least
  const JobId owner = core.waits(of_project("astro", 1));
  CHECK(core.leaving_for(owner) == Jobs{borrowers[2]});
  CHECK(core.job(borrowers[2]).attempt->stop->text.find("project 'astro' is guaranteed") !=
        std::string::npos);
  core.end_all(borrowers[2], {EndCause::kStopped, 0, 15, ""});
  core.plan();
  CHECK(core.state_of(owner) == JobState::kPreparing);
  CHECK(core.state_of(borrowers[2]) == JobState::kPending);
}

TEST_CASE("[B75] nothing is taken back for a job beyond what its project is guaranteed") {
  Lent core;
  for (int i = 0; i < 3; ++i) core.runs(of_project("chem", 1));
  core.runs(of_project("astro", 1));
  const JobId beyond = core.waits(of_project("astro", 2));  // 8 run, and 16 more are 24 of 16
  CHECK(core.leaving_for(beyond).empty());
  const JobId none = core.waits(of_project("chem", 1));  // is guaranteed nothing
  CHECK(core.leaving_for(none).empty());
  const JobId within = core.waits(of_project("astro", 1));
  CHECK(core.leaving_for(within).size() == 1);
}

TEST_CASE("[B75] a lender never falls below its own guarantee") {
  Lent core;
  const JobId first = core.runs(of_project("bio", 1));
  const JobId second = core.runs(of_project("bio", 1));
  core.runs(of_project("astro", 1));
  core.runs(of_project("astro", 1, 4));
  core.runs(of_project("chem", 1, 4));
  // astro runs 12 of 16 and is owed 4: bio has borrowed 8, one of its jobs is all that it gives.
  const JobId owner = core.waits(of_project("astro", 1, 4));
  CHECK(core.leaving_for(owner).size() == 1);
  const JobId wide = core.waits(of_project("bio", 1, 8));
  CHECK(core.leaving_for(wide).empty());
  CHECK(
      (core.state_of(first) == JobState::kRunning || core.state_of(second) == JobState::kRunning));
}

TEST_CASE("[B75] a job that is larger than what its project has borrowed is not put back") {
  Lent core;
  core.runs(of_project("bio", 2));  // 16 of 8: has borrowed 8 with a job of 16
  core.runs(of_project("bio", 2));  // 32 of 8: has borrowed 24
  const JobId owner = core.waits(of_project("astro", 2));
  CHECK(core.leaving_for(owner).size() == 1);
  for (const JobId victim : core.leaving_for(owner)) {
    core.end_all(victim, {EndCause::kStopped, 0, 15, ""});
    core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = victim});
  }
  core.plan();
  core.prepare_all(owner);
  CHECK(core.state_of(owner) == JobState::kRunning);
  core.end_all(owner);
  core.runs(of_project("chem", 2));
  const JobId next = core.waits(of_project("astro", 2));  // bio's other job of 16 is 8 beyond
  CHECK(core.leaving_for(next).size() == 1);
  for (const JobId victim : core.leaving_for(next)) {
    CHECK(core.job(victim).request->project == "chem");
  }
}

TEST_CASE("[B75] two jobs of one owner together take back no more than it is guaranteed") {
  Lent core;
  std::vector<JobId> borrowers;
  for (int i = 0; i < 4; ++i) borrowers.push_back(core.runs(of_project("chem", 1)));
  const JobId one = core.submit(of_project("astro", 1));
  const JobId two = core.submit(of_project("astro", 1));
  const JobId three = core.submit(of_project("astro", 1));
  for (int passes = 0; passes < 4; ++passes) core.plan();
  CHECK(core.leaving_for(one).size() == 1);
  CHECK(core.leaving_for(two).size() == 1);
  CHECK(core.leaving_for(three).empty());
}

TEST_CASE("[B75] who lost what it had borrowed does not take it back in turn") {
  Lent core;
  std::vector<JobId> borrowers;
  for (int i = 0; i < 4; ++i) borrowers.push_back(core.runs(of_project("bio", 1)));
  const JobId owner = core.waits(of_project("astro", 2));
  const Jobs lost = core.leaving_for(owner);
  REQUIRE(lost.size() == 2);
  for (const JobId id : lost) core.end_all(id, {EndCause::kStopped, 0, 15, ""});
  core.now += Seconds{5};
  core.plan();
  core.prepare_all(owner);
  for (int passes = 0; passes < 5; ++passes) {
    core.now += Seconds{60};
    core.plan();
  }
  CHECK(core.state_of(owner) == JobState::kRunning);
  for (const JobId id : lost) CHECK(core.state_of(id) == JobState::kPending);
}

TEST_CASE("[B75] [B74] a QOS that puts the owner's jobs back is not taken back from") {
  ClusterConfig config = projects();
  config.qos.resize(2);
  config.qos[0].name = "normal";
  config.qos[0].is_default = true;
  config.qos[1].name = "urgent";
  config.qos[1].head_start = Millis{86'400'000};
  config.qos[1].preemption.victims = {"normal"};
  Lent core(std::move(config));
  JobRequest urgent = of_project("chem", 4);
  urgent.qos = "urgent";
  core.runs(urgent);
  CHECK(core.leaving_for(core.waits(of_project("astro", 1))).empty());
}

TEST_CASE("[B75] [B72] what protects a job from preemption protects what it has borrowed") {
  ClusterConfig config = projects();
  config.qos.resize(1);
  config.qos[0].is_default = true;
  config.qos[0].preemption.protected_for = Millis{60'000};
  Lent core(std::move(config));
  for (int i = 0; i < 3; ++i) core.runs(of_project("chem", 1));
  JobRequest lasting = of_project("chem", 1);
  lasting.requeue = false;
  const JobId stays = core.runs(lasting);
  const JobId owner = core.waits(of_project("astro", 1));
  CHECK(core.leaving_for(owner).empty());
  core.now += Seconds{60};
  core.plan();
  CHECK(core.leaving_for(owner).size() == 1);
  CHECK_FALSE(core.leaving_for(owner).contains(stays));
}

TEST_CASE("[B75] the core refuses a proposal that takes more than was borrowed") {
  Lent core;
  const JobId first = core.runs(of_project("bio", 1));
  const JobId second = core.runs(of_project("bio", 1));
  core.runs(of_project("chem", 2));
  Allocation place;
  for (const JobId id : {first, second}) {
    place.nodes.push_back(core.job(id).attempt->allocation.nodes.front());
  }
  core.must(core.planner().plan(core.now).proposals);
  const JobId owner = core.submit(of_project("astro", 2));
  CommitPlan proposal;
  proposal.preemptions.push_back(
      {owner, place, {{first, AttemptNumber{1}}, {second, AttemptNumber{1}}}});
  const auto answer = std::get<PlanCommitted>(core.must(proposal));
  CHECK(answer.rejected == std::vector<JobId>{owner});
  CHECK(core.leaving_for(owner).empty());
}

TEST_CASE("[B75] explain says what a project is guaranteed and who has borrowed of it") {
  Lent core;
  JobRequest lasting = of_project("chem", 4);
  lasting.requeue = false;
  core.runs(lasting);
  const JobId owner = core.waits(of_project("astro", 1));
  const auto rules = explain(core.state, core.job(owner), std::nullopt, core.now).rules;
  const auto rule = std::ranges::find(rules, ReasonKind::kGuarantee,
                                      [](const BlockingRule& one) { return one.reason.kind; });
  REQUIRE(rule != rules.end());
  CHECK(describe(rule->reason) ==
        "its project runs 0 of the 16 GPUs that it is guaranteed, and this job adds 8: no job that "
        "may be put back runs on what others have borrowed");
}

}  // namespace
}  // namespace usine
