// Jobs that must be alone among those of their user and name (B18).
#include <string>

#include <doctest/doctest.h>

#include "tests/core/depending.h"

using namespace usine;
using namespace usine::test;

namespace {

TEST_CASE("[B18] of jobs of one user and name with singleton one runs at a time in their order") {
  Ready core;
  const JobId first = core.submit(depending("singleton"));
  const JobId second = core.submit(depending("singleton"));
  const JobId third = core.submit(depending("singleton"));
  JobRequest other = depending("singleton");
  other.name = "eval";
  const JobId elsewhere = core.submit(other);
  const Plan plan = core.plan();
  CHECK(core.state_of(first) == JobState::kPreparing);
  CHECK(core.state_of(elsewhere) == JobState::kPreparing);
  CHECK(plan.reasons.at(second).kind == ReasonKind::kSingleton);
  core.prepare_all(first);
  core.must(ActOnJob{.caller = CoreDriver::user("ada"), .job = second});
  core.plan();
  CHECK(core.state_of(third) == JobState::kPending);
  core.end_all(first);
  core.plan();
  CHECK(core.state_of(third) == JobState::kPreparing);
}

TEST_CASE("[B18] singleton waits for a namesake that was submitted later and runs already") {
  Ready core;
  JobRequest late = depending("singleton");
  late.begin = core.now + Seconds{60};
  const JobId waits = core.submit(late);
  const JobId runs = core.running(Ask{});
  core.now += Seconds{60};
  CHECK(reason_of(core, waits) == ReasonKind::kSingleton);
  core.end_all(runs);
  core.plan();
  CHECK(core.state_of(waits) == JobState::kPreparing);
}

TEST_CASE("[B18] a plan that would start two namesakes at once has the second rejected") {
  Ready core;
  JobRequest late = depending("singleton");
  late.begin = core.now + Seconds{60};
  const JobId singleton = core.submit(late);
  const JobId other = core.submit(request_for({}));
  core.now += Seconds{60};
  Plan plan = core.planner().plan(core.now);
  CommitPlan both{plan.proposals.seen, {}};
  for (const JobId job : {other, singleton}) {
    NodeShare share;
    share.node = NodeId{job == other ? 0u : 1u};
    share.cores.insert(0);
    share.memory_mib = 8192;
    both.starts.push_back({job, {{share}}});
  }
  const auto answer = std::get<PlanCommitted>(core.must(both));
  CHECK(answer.rejected == std::vector<JobId>{singleton});
}

TEST_CASE("[B19] a cycle through singleton is found as well") {
  Ready core;
  const JobId first = core.submit(Ask{});
  const JobId second = core.submit(depending("singleton"));
  const Error error = core.refused(change(first, "afterok:" + id_text(second)));
  CHECK(error.code == ErrorCode::kRefused);
}

}  // namespace
