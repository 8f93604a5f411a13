#include "scheduler/policy/preemption.h"

#include <algorithm>
#include <memory>
#include <random>

#include <doctest/doctest.h>

#include "scheduler/core/messages.h"
#include "scheduler/core/preemption_rules.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// QOS "low" is the default; "high" puts back jobs of "low" only, and "other" stands between them.
ClusterConfig classes(std::uint32_t nodes) {
  ClusterConfig config = cluster_of(nodes);
  config.qos.resize(3);
  config.qos[0].name = "low";
  config.qos[0].is_default = true;
  config.qos[0].preemption.grace = Millis{5000};
  config.qos[1].name = "other";
  config.qos[1].head_start = Millis{500};
  config.qos[2].name = "high";
  config.qos[2].head_start = Millis{86'400'000};
  config.qos[2].preemption.victims = {"low"};
  return config;
}

JobRequest of_class(const std::string& qos, const Ask& ask) {
  JobRequest request = request_for(ask);
  request.qos = qos;
  return request;
}

struct Cluster : CoreDriver {
  explicit Cluster(ClusterConfig config) : CoreDriver(std::move(config)) { join_all(); }

  JobId running_of(const std::string& qos, const Ask& ask) {
    const JobId id = submit(of_class(qos, ask));
    plan();
    prepare_all(id);
    REQUIRE(state_of(id) == JobState::kRunning);
    return id;
  }
  [[nodiscard]] bool is_leaving_for(JobId victim, JobId other) const {
    const auto& attempt = job(victim).attempt;
    return attempt && attempt->stop && attempt->stop->cause == StopCause::kPreempted &&
           attempt->stop->for_job == other;
  }
};

TEST_CASE("[B70] a job of a lower class makes room and one of an equal class never does") {
  Cluster core(classes(3));
  const JobId low = core.running_of("low", {.gpus = 8});
  const JobId other = core.running_of("other", {.gpus = 8});
  const JobId high = core.running_of("high", {.gpus = 8});
  const JobId second = core.submit(of_class("high", {.gpus = 8}));
  const JobId third = core.submit(of_class("high", {.gpus = 8}));
  core.plan();
  CHECK(core.is_leaving_for(low, second));
  CHECK(core.state_of(other) == JobState::kRunning);
  CHECK(core.state_of(high) == JobState::kRunning);
  CHECK(core.state_of(third) == JobState::kPending);
}

TEST_CASE("[B70] nobody is put back for a job that would not fit even so") {
  Cluster core(classes(3));
  const JobId low = core.running_of("low", {.gpus = 8});
  core.running_of("other", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.nodes = 3, .gpus = 8}));
  const Plan plan = core.plan();
  CHECK(plan.proposals.preemptions.empty());
  CHECK(core.state_of(low) == JobState::kRunning);
  CHECK(plan.reasons.at(high).kind == ReasonKind::kGpusBusy);
}

TEST_CASE("[B70] nobody is put back where the job fits beside what runs") {
  Cluster core(classes(2));
  core.running_of("low", {.gpus = 4});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  CHECK(core.plan().proposals.preemptions.empty());
  CHECK(core.state_of(high) == JobState::kPreparing);
}

TEST_CASE("[B70] one victim is taken rather than two that lose less") {
  Cluster core(classes(2));
  const JobId whole = core.running_of("low", {.gpus = 8});
  core.pass(Millis{60'000});
  core.running_of("low", {.gpus = 4});
  core.running_of("low", {.gpus = 4});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  const Plan plan = core.plan();
  REQUIRE(plan.proposals.preemptions.size() == 1);
  CHECK(plan.proposals.preemptions[0].victims.size() == 1);
  CHECK(core.is_leaving_for(whole, high));
}

TEST_CASE("[B70] of as many victims those go that lose the least since their checkpoint") {
  Cluster core(classes(2));
  const JobId old = core.running_of("low", {.gpus = 8});
  core.pass(Millis{100'000});
  const JobId young = core.running_of("low", {.gpus = 8});
  core.pass(Millis{50'000});
  core.must(MarkJob{CoreDriver::user("ada"), old, "epoch 4"});
  core.pass(Millis{10'000});
  CHECK(lost_work(core.job(old), core.now) == 8 * 10'000);
  CHECK(lost_work(core.job(young), core.now) == 8 * 60'000);
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  core.plan();
  CHECK(core.is_leaving_for(old, high));
  CHECK(core.state_of(young) == JobState::kRunning);
}

TEST_CASE("[B70] a job that may not be requeued is never put back") {
  Cluster core(classes(1));
  JobRequest request = of_class("low", {.gpus = 8});
  request.requeue = false;
  const JobId low = core.submit(request);
  core.plan();
  core.prepare_all(low);
  core.submit(of_class("high", {.gpus = 8}));
  CHECK(core.plan().proposals.preemptions.empty());
}

TEST_CASE("[B71] a victim has its grace and the other starts as soon as it has left") {
  Cluster core(classes(1));
  const JobId low = core.running_of("low", {.gpus = 8});
  core.must(MarkJob{CoreDriver::user("ada"), low, "epoch 7 of 9"});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  core.plan();
  REQUIRE(core.is_leaving_for(low, high));
  CHECK(stop_message(core.state, core.job(low)).grace == Millis{5000});
  const Plan waiting = core.plan();
  CHECK(waiting.reasons.at(high).kind == ReasonKind::kPreempting);
  CHECK(waiting.reasons.at(high).asked == 1);
  CHECK(waiting.estimates.at(high) == core.now + Millis{5000});
  core.pass(Millis{2000});
  core.end_all(low, {EndCause::kStopped, 0, 15, ""});
  CHECK(core.state_of(low) == JobState::kPending);
  CHECK(core.job(low).checkpoint->progress == "epoch 7 of 9");
  CHECK(core.job(low).requeue_text == "makes room for job " + std::to_string(high.value));
  CHECK(core.job(low).requeues == 0);
  REQUIRE(core.planner().has_work(core.now));
  core.plan();
  CHECK(core.state_of(high) == JobState::kPreparing);
  CHECK_FALSE(core.job(high).claim);
  core.prepare_all(high);
  core.end_all(high);
  core.plan();
  CHECK(core.state_of(low) == JobState::kPreparing);
}

TEST_CASE("[B72] a job is protected for its first minutes and put back right after them") {
  ClusterConfig config = classes(1);
  config.qos[0].preemption.protected_for = Millis{600'000};
  Cluster core(config);
  const JobId low = core.running_of("low", {.gpus = 8});
  const Time started = core.now;
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  CHECK(core.plan().proposals.preemptions.empty());
  CHECK(core.planner().next_wake() <= started + Millis{600'000});
  core.now = started + Millis{599'999};
  CHECK(core.plan().proposals.preemptions.empty());
  CHECK(core.planner().next_wake() == started + Millis{600'000});
  core.now = started + Millis{600'000};
  CHECK(core.planner().has_work(core.now));
  core.plan();
  CHECK(core.is_leaving_for(low, high));
}

TEST_CASE("[B73] nobody else gets the nodes while victims leave them") {
  Cluster core(classes(2));
  const JobId first = core.running_of("low", {.gpus = 8});
  const JobId second = core.running_of("low", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.nodes = 2, .gpus = 8}));
  core.plan();
  REQUIRE(core.is_leaving_for(second, high));
  const Allocation place = core.job(first).attempt->allocation;
  core.end_all(first);
  const JobId thief = core.submit(of_class("low", {.gpus = 1, .time_limit = Seconds{1}}));
  const JobId equal = core.submit(of_class("high", {.gpus = 8}));
  const Plan plan = core.plan();
  CHECK(plan.proposals.starts.empty());
  CHECK(core.state_of(thief) == JobState::kPending);
  CHECK(core.state_of(equal) == JobState::kPending);
  Allocation stolen = place;
  stolen.nodes[0].gpus = GpuSet::first(1);
  const CommitPlan forced{core.state.sequence, {{thief, stolen}}, {}};
  CHECK(std::get<PlanCommitted>(core.must(forced)).rejected == std::vector{thief});
  core.end_all(second);
  core.plan();
  CHECK(core.state_of(high) == JobState::kPreparing);
}

TEST_CASE("[B74] a job that was put back never puts back the one that it made room for") {
  Cluster core(classes(1));
  const JobId low = core.running_of("low", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  for (int round = 0; round < 20; ++round) {
    core.plan();
    core.pass(Millis{2000});
    for (const JobId id : {low, high}) {
      const Job& job = core.job(id);
      if (job.state == JobState::kPreparing) core.prepare_all(id);
      if (job.state == JobState::kStopping) core.end_all(id);
    }
  }
  CHECK(core.job(low).attempts == 1);
  CHECK(core.job(high).attempts == 1);
  CHECK(core.state_of(high) == JobState::kRunning);
}

TEST_CASE("a place whose victims do not leave in time is given up and another is looked for") {
  Cluster core(classes(2));
  const JobId low = core.running_of("low", {.gpus = 8});
  core.running_of("other", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  core.plan();
  REQUIRE(core.job(high).claim);
  const Time until = core.job(high).claim->until;
  CHECK(until > core.now + Millis{5000});
  core.now = until;
  core.must(Tick{});
  CHECK_FALSE(core.job(high).claim);
  CHECK(core.plan().proposals.preemptions.empty());
  CHECK(core.state_of(low) == JobState::kStopping);
}

TEST_CASE("a cancelled job lets go of the place that was kept for it") {
  Cluster core(classes(1));
  const JobId low = core.running_of("low", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  core.plan();
  core.must(ActOnJob{CoreDriver::user("ada"), high, JobAction::kCancel, {}, {}});
  CHECK(core.state.claimed_by.empty());
  core.end_all(low);
  core.plan();
  CHECK(core.state_of(low) == JobState::kPreparing);
}

TEST_CASE("a stale preemption is rejected by the core") {
  Cluster core(classes(1));
  const JobId low = core.running_of("low", {.gpus = 8});
  const JobId high = core.submit(of_class("high", {.gpus = 8}));
  const Plan plan = core.planner().plan(core.now);
  REQUIRE(plan.proposals.preemptions.size() == 1);
  core.must(ActOnJob{CoreDriver::user("ada"), low, JobAction::kCancel, {}, {}});
  CHECK(std::get<PlanCommitted>(core.must(plan.proposals)).rejected == std::vector{high});
  CHECK_FALSE(core.job(high).claim);
}

// ---- the choice against every possible one -----------------------------------------------------

class Everything {
 public:
  Everything(const State& state, const Job& job) : machine_(state), job_(job) {
    placer_ = std::make_unique<GangPlacer>(machine_);
    demand_ = make_demand(machine_, job.partition, job.request, Switches::kAny);
  }

  VictimChoice choose(Time now) {
    return choose_victims(machine_, *placer_, {job_, demand_, {now, Millis{1000}}});
  }

  bool fits_without(const std::vector<const Job*>& gone) {
    const std::size_t mark = machine_.mark();
    for (const Job* one : gone) {
      for (const NodeShare& share : one->attempt->allocation.nodes) machine_.release(share);
    }
    const bool fits = placer_->place(demand_, {Time{}, Millis{1000}}).has_value();
    machine_.roll_back(mark);
    return fits;
  }

 private:
  Machine machine_;
  std::unique_ptr<GangPlacer> placer_;
  const Job& job_;
  Demand demand_;
};

using Badness = std::pair<std::size_t, std::int64_t>;

Badness badness_of(const std::vector<const Job*>& jobs, Time now) {
  Badness badness{jobs.size(), 0};
  for (const Job* one : jobs) badness.second += lost_work(*one, now);
  return badness;
}

// The best of all sets of these jobs that make enough room; none where all of them do not.
std::optional<Badness> best_of_all(Everything& all, const CoreDriver& core,
                                   const std::vector<JobId>& jobs) {
  std::optional<Badness> best;
  for (std::uint32_t set = 1; set < 1U << jobs.size(); ++set) {
    std::vector<const Job*> gone;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if ((set >> i & 1U) != 0) gone.push_back(&core.job(jobs[i]));
    }
    const Badness badness = badness_of(gone, core.now);
    if ((!best || badness < *best) && all.fits_without(gone)) best = badness;
  }
  return best;
}

// Runs jobs of random sizes, and returns those of the class that may be put back.
std::vector<JobId> fill(Cluster& core, std::mt19937& random) {
  std::vector<JobId> low;
  for (int i = 0; i < 8; ++i) {
    core.pass(Millis{1000 + static_cast<std::int64_t>(random() % 9000)});
    const Ask ask{.nodes = 1 + static_cast<std::uint32_t>(random() % 6 == 0),
                  .gpus = 1 + static_cast<std::uint32_t>(random() % 5),
                  .time_limit = Seconds{80'000}};
    const JobId id = core.submit(of_class(random() % 5 == 0 ? "other" : "low", ask));
    core.plan();
    if (core.state_of(id) != JobState::kPreparing) continue;
    core.prepare_all(id);
    if (core.job(id).qos == QosId{0}) low.push_back(id);
  }
  return low;
}

TEST_CASE("[B70] for one node no smaller or cheaper set of victims than the chosen one would do") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 12; ++round) {
    Cluster core(classes(3));
    const std::vector<JobId> low = fill(core, random);
    const Ask ask{.nodes = 1 + static_cast<std::uint32_t>(round % 3 == 2),
                  .gpus = 4 + static_cast<std::uint32_t>(random() % 5)};
    const JobId high = core.submit(of_class("high", ask));
    Everything all(core.state, core.job(high));
    if (all.fits_without({})) continue;
    const std::optional<Badness> best = best_of_all(all, core, low);
    const VictimChoice choice = all.choose(core.now);
    CHECK(choice.victims.empty() == !best.has_value());
    if (!best) continue;
    std::vector<const Job*> chosen;
    for (const JobId id : choice.victims) chosen.push_back(&core.job(id));
    CHECK(all.fits_without(chosen));
    if (ask.nodes == 1) {
      CHECK(badness_of(chosen, core.now) == *best);
    } else {
      CHECK(choice.victims.size() <= best->first + 1);
    }
  }
}

}  // namespace
}  // namespace usine
