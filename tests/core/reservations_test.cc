#include "scheduler/core/reservations.h"

#include <string>

#include <doctest/doctest.h>

#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::Ask;
using test::CoreDriver;
using test::request_for;

constexpr Seconds kHour{3600};
constexpr Seconds kDay{24 * 3600};
constexpr Seconds kGrace{30};  // between TERM and KILL, in the test cluster

// A cluster of four nodes that are up, and what operators do with it.
struct Ready : CoreDriver {
  Ready() { join_all(); }

  // An hour from `start` on, for ada alone.
  [[nodiscard]] ReservationRequest hour(Time start) const {
    return {.name = "night",
            .start = start,
            .length = kHour,
            .nodes = {"node001", "node002"},
            .users = {"ada"}};
  }
  void create(const ReservationRequest& request) {
    must(CreateReservation{user("operator"), request});
  }
  Error refused_create(const ReservationRequest& request) {
    return refused(CreateReservation{user("operator"), request});
  }
  // As the planner does, or its wake-up.
  void pass_to(Time time) {
    now = time;
    must(Tick{});
  }
  JobId submit_to(const std::string& reservation, const Ask& ask) {
    JobRequest request = request_for(ask);
    request.reservation = reservation;
    return submit(request);
  }
  [[nodiscard]] const NodeReservation& night() const { return state.reservations.at("night"); }
};

// Starts the job on that node, and says whether that was taken.
bool starts_on(Ready& core, JobId job, std::uint32_t node) {
  NodeShare share;
  share.node = NodeId{node};
  share.cores.insert(0);
  share.memory_mib = 8192;
  const CommitPlan plan{core.state.sequence, {{job, {{share}}}}};
  return std::get<PlanCommitted>(core.must(plan)).rejected.empty();
}

TEST_CASE("[B79] a job whose limit crosses the window is not started and a shorter one is") {
  Ready core;
  ReservationRequest maintenance = core.hour(core.now + kHour);
  maintenance.maintenance = true;
  core.create(maintenance);
  const JobId crosses = core.submit(Ask{.user = "ben", .time_limit = kHour - kGrace + Seconds{1}});
  const JobId fits = core.submit(Ask{.user = "ben", .time_limit = kHour - kGrace});
  CHECK_FALSE(starts_on(core, crosses, 0));
  CHECK(starts_on(core, fits, 0));
  CHECK(starts_on(core, crosses, 2));
}

TEST_CASE("[B79] the planner goes around reserved nodes and says that they are") {
  Ready core;
  ReservationRequest maintenance = core.hour(core.now + kHour);
  maintenance.maintenance = true;
  maintenance.nodes = {"node001", "node002", "node003", "node004"};
  core.create(maintenance);
  const JobId crosses = core.submit(Ask{.user = "ben", .time_limit = 2 * kHour});
  const JobId fits = core.submit(Ask{.user = "ben", .time_limit = kHour - kGrace});
  const Plan plan = core.plan();
  CHECK(core.state_of(fits) == JobState::kPreparing);
  REQUIRE(core.state_of(crosses) == JobState::kPending);
  CHECK(plan.reasons.at(crosses).kind == ReasonKind::kReserved);
  core.pass_to(core.now + 2 * kHour);
  CHECK(core.state.reservations.empty());
  core.plan();
  CHECK(core.state_of(crosses) == JobState::kPreparing);
}

TEST_CASE("[B79] jobs that run when a window is made or opens are left alone") {
  Ready core;
  const JobId job = core.running(Ask{.nodes = 4, .time_limit = 4 * kHour});
  ReservationRequest maintenance = core.hour(core.now + kHour);
  maintenance.maintenance = true;
  core.create(maintenance);
  core.pass_to(core.now + kHour);
  CHECK(core.night().open);
  CHECK(core.state_of(job) == JobState::kRunning);
}

TEST_CASE("[B46] [B79] a running job's limit is not raised into a window except by an operator") {
  Ready core;
  const JobId job = core.running(Ask{.nodes = 4, .time_limit = Seconds{600}});
  core.create(core.hour(core.now + kHour));
  const auto raise = [job](const std::string& user, Seconds limit) {
    return SetJobLimit{CoreDriver::user(user), job, limit, std::nullopt};
  };
  core.must(raise("ada", kHour - kGrace));
  const Error error = core.refused(raise("ada", kHour));
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.find("beyond what reservations leave it") != std::string::npos);
  core.must(raise("operator", 2 * kHour));
}

TEST_CASE("[B79] a job of the reservation stays on its nodes and within its window") {
  Ready core;
  core.create(core.hour(core.now + kHour));
  const JobId job = core.submit_to("night", Ask{.time_limit = Seconds{1800}});
  CHECK(core.plan().reasons.at(job).kind == ReasonKind::kReservationClosed);
  core.pass_to(core.now + kHour);
  CHECK_FALSE(starts_on(core, job, 3));
  core.plan();
  REQUIRE(core.state_of(job) == JobState::kPreparing);
  CHECK(core.job(job).attempt->allocation.nodes[0].node.value < 2);
  core.pass_to(core.now + Seconds{1801});
  const JobId late = core.submit_to("night", Ask{.time_limit = Seconds{1800}});
  CHECK(core.plan().reasons.at(late).kind == ReasonKind::kReservationTooShort);
  CHECK_FALSE(starts_on(core, late, 1));
  core.pass_to(core.now + kHour);
  CHECK(core.plan().reasons.at(late).kind == ReasonKind::kReservationEnded);
}

TEST_CASE("[B80] daily windows keep their local time when summer time begins") {
  // 2026-03-28T22:00 in Berlin; the clocks go forward in the night that follows.
  const Time evening = *parse_time("2026-03-28T21:00:00Z");
  const Time change = *parse_time("2026-03-29T01:00:00Z");
  ReservationRequest nightly{.name = "nightly",
                             .start = evening,
                             .length = 2 * kHour,
                             .recurrence = Recurrence::kDaily,
                             .until = evening + 10 * kDay,
                             .zone = "Europe/Berlin",
                             .offsets = {{Time{}, kHour}, {change, 2 * kHour}},
                             .nodes = {"node001"}};
  CHECK(window_of(nightly, 0)->begin == evening);
  CHECK(format_time(window_of(nightly, 1)->begin) == "2026-03-29T20:00:00Z");
  CHECK(format_time(window_of(nightly, 2)->begin) == "2026-03-30T20:00:00Z");
  CHECK(window_of(nightly, 9));
  CHECK(window_of(nightly, 10));  // an hour earlier than ten days after the first
  CHECK_FALSE(window_of(nightly, 11));
  nightly.recurrence = Recurrence::kWeekly;
  CHECK(format_time(window_of(nightly, 1)->begin) == "2026-04-04T20:00:00Z");
}

TEST_CASE("[B80] an overlap that summer time brings about is detected") {
  Ready core;
  core.now = *parse_time("2026-03-27T00:00:00Z");
  const Time change = *parse_time("2026-03-29T01:00:00Z");
  ReservationRequest local = core.hour(*parse_time("2026-03-27T21:00:00Z"));
  local.recurrence = Recurrence::kDaily;
  local.until = local.start + 30 * kDay;
  local.zone = "Europe/Berlin";
  local.offsets = {{Time{}, kHour}, {change, 2 * kHour}};
  core.create(local);
  // Of fixed offset: an hour before the other until the change, and at its time afterwards.
  ReservationRequest fixed = local;
  fixed.name = "fixed";
  fixed.start = *parse_time("2026-03-27T20:00:00Z");
  fixed.zone = "UTC";
  fixed.offsets = {{Time{}, Seconds{0}}};
  const Error error = core.refused_create(fixed);
  CHECK(error.code == ErrorCode::kRefused);
  CHECK(error.message.find("'night' at 2026-03-29T20:00:00Z") != std::string::npos);
  fixed.until = change;
  core.create(fixed);
}

TEST_CASE("[B80] a recurring reservation opens again and again and is gone after the last window") {
  Ready core;
  const Time start = core.now + kHour;
  ReservationRequest nightly = core.hour(start);
  nightly.recurrence = Recurrence::kDaily;
  nightly.until = start + 2 * kDay;
  nightly.zone = "UTC";
  nightly.offsets = {{Time{}, Seconds{0}}};
  core.create(nightly);
  CHECK(next_deadline(core.state) == start);
  core.pass_to(start);
  CHECK(core.night().open);
  core.pass_to(start + kHour);
  CHECK_FALSE(core.night().open);
  CHECK(core.night().window == 1);
  const JobId job = core.submit(Ask{.nodes = 1, .user = "ben", .time_limit = kDay});
  CHECK_FALSE(starts_on(core, job, 0));
  // A scheduler that was away for all of it comes to the same.
  core.pass_to(start + 3 * kDay);
  CHECK(core.state.reservations.empty());
  CHECK(starts_on(core, job, 0));
}

TEST_CASE("[B81] a node that fails is replaced where the reservation says so") {
  Ready core;
  ReservationRequest request = core.hour(core.now + kHour);
  request.replace = true;
  core.create(request);
  const JobId busy = core.submit(Ask{.user = "ben", .time_limit = 2 * kHour});
  REQUIRE(starts_on(core, busy, 2));
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kDrain, "fan"});
  CHECK(core.night().nodes == std::set<NodeId>{{1}, {3}});
  CHECK_FALSE(core.night().degraded());
  core.must(ActOnNode{CoreDriver::user("operator"), "node002", NodeAction::kDrain, "fan"});
  CHECK(core.night().nodes == std::set<NodeId>{{2}, {3}});
  core.must(ActOnNode{CoreDriver::user("operator"), "node003", NodeAction::kDrain, "fan"});
  CHECK(core.night().degraded());
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kResume, ""});
  CHECK_FALSE(core.night().degraded());
  CHECK(core.night().nodes == std::set<NodeId>{{0}, {3}});
}

TEST_CASE("[B81] else it is degraded until the node is back and then confirmed again") {
  Ready core;
  core.create(core.hour(core.now + kHour));
  core.must(AgentGone{NodeId{0}});
  CHECK_FALSE(core.night().degraded());
  core.must(LeaseExpired{NodeId{0}});
  CHECK(core.night().degraded());
  CHECK(core.night().failed == std::set<NodeId>{{0}});
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kDrain, "fan"});
  core.hello("node001");
  CHECK(core.night().degraded());
  core.must(ActOnNode{CoreDriver::user("operator"), "node001", NodeAction::kResume, ""});
  CHECK_FALSE(core.night().degraded());
}

TEST_CASE("[B82] others cannot use it and a private one is not even named to them") {
  Ready core;
  ReservationRequest request = core.hour(core.now + kHour);
  request.projects = {"physics"};
  core.create(request);
  JobRequest job = request_for({.user = "ben", .time_limit = Seconds{600}});
  job.reservation = "night";
  const auto submission = [&job](const std::string& user) {
    job.user = user;
    return SubmitJob{CoreDriver::user(user), std::make_shared<const JobRequest>(job), false, {}};
  };
  CHECK(core.refused(submission("ben")).code == ErrorCode::kPermission);
  core.must(submission("ada"));
  core.must(submission("operator"));
  job.project = "physics";
  core.must(submission("ben"));
  core.must(DeleteReservation{CoreDriver::user("operator"), "night"});
  request.is_private = true;
  core.create(request);
  job.project.clear();
  const Error hidden = core.refused(submission("ben"));
  CHECK(hidden.code == ErrorCode::kNotFound);
  CHECK(hidden.message == "there is no reservation 'night'; there is none");
  core.must(submission("ada"));
}

TEST_CASE("[B82] only operators make and delete reservations") {
  Ready core;
  const ReservationRequest request = core.hour(core.now + kHour);
  const Error made = core.refused(CreateReservation{CoreDriver::user("ada"), request});
  CHECK(made.code == ErrorCode::kPermission);
  core.create(request);
  const Error deleted = core.refused(DeleteReservation{CoreDriver::user("ada"), "night"});
  CHECK(deleted.code == ErrorCode::kPermission);
  core.must(DeleteReservation{CoreDriver::user("operator"), "night"});
  CHECK(core.state.reservations.empty());
}

TEST_CASE("a reservation by number takes nodes that are up and free when it begins") {
  Ready core;
  const JobId busy = core.submit(Ask{.time_limit = 2 * kHour});
  REQUIRE(starts_on(core, busy, 0));
  core.must(ActOnNode{CoreDriver::user("operator"), "node002", NodeAction::kDrain, "fan"});
  ReservationRequest request = core.hour(core.now + kHour);
  request.nodes.clear();
  request.node_count = 2;
  core.create(request);
  CHECK(core.night().nodes == std::set<NodeId>{{2}, {3}});
  request.name = "more";
  request.node_count = 3;
  const Error few = core.refused_create(request);
  CHECK(few.message.find("3 nodes are asked for") != std::string::npos);
  CHECK(few.message.find("has 2") != std::string::npos);
}

TEST_CASE("a reservation that makes no sense is refused with what is wrong") {
  Ready core;
  const ReservationRequest sound = core.hour(core.now + kHour);
  ReservationRequest request = sound;
  request.nodes = {"node009"};
  CHECK(core.refused_create(request).code == ErrorCode::kNotFound);
  request = sound;
  request.nodes.clear();
  CHECK(core.refused_create(request).code == ErrorCode::kInvalid);
  request = sound;
  request.start = core.now - 2 * kHour;
  CHECK(core.refused_create(request).message.find("over by now") != std::string::npos);
  request = sound;
  request.recurrence = Recurrence::kDaily;
  request.until = request.start + 3 * kDay;
  CHECK(core.refused_create(request).message.find("zone") != std::string::npos);
  core.create(sound);
  CHECK(core.refused_create(sound).code == ErrorCode::kConflict);
  request = sound;
  request.name = "other";
  CHECK(core.refused_create(request).message.find("node001 is in reservation 'night'") !=
        std::string::npos);
  request.maintenance = true;
  core.create(request);
}

TEST_CASE("a job that could never run in the windows of its reservation is refused") {
  Ready core;
  core.create(core.hour(core.now + kHour));
  const auto refusal = [&core](const Ask& ask) {
    JobRequest request = request_for(ask);
    request.reservation = "night";
    return core
        .refused(SubmitJob{
            CoreDriver::user("ada"), std::make_shared<const JobRequest>(request), false, {}})
        .message;
  };
  CHECK(refusal({.time_limit = kHour + Seconds{1}}).find("01:00:00 that reservation") !=
        std::string::npos);
  CHECK(refusal({.nodes = 3, .time_limit = kHour}).find("3 nodes are more than the 2") !=
        std::string::npos);
}

}  // namespace
}  // namespace usine
