// What users can ask of a scheduler, over the wire and without nodes that run anything.
#include <doctest/doctest.h>

#include "common/digest.h"
#include "tests/daemon/schedulers.h"

using namespace usine;
using test::InProcessScheduler;
using test::small_job;
using test::UserClient;

TEST_CASE("A call with a wrong token or none is refused in one line") {
  const InProcessScheduler scheduler;
  for (const char* const credential : {"", "root:0000"}) {
    UserClient stranger(scheduler.address(), credential);
    const auto refused = stranger.list_jobs();
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == ErrorCode::kPermission);
    CHECK(refused.error().message.find("token") != std::string::npos);
    CHECK(refused.error().message.find('\n') == std::string::npos);
    CHECK_FALSE(stranger.submit(small_job()));
  }
  CHECK(scheduler.user().list_jobs()->jobs_size() == 0);
}

TEST_CASE("A client that was just given an id finds its job") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t job = user.submit_ok(small_job());
    const auto detail = user.get_job(job);
    REQUIRE(detail);
    CHECK(detail->summary().state() == "pending");
    CHECK(detail->summary().reasons_size() == 1);
  }
}

TEST_CASE("The user of a job is its caller and its blobs have the hashes of their bytes") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  proto::SubmitRequest request = small_job();
  request.mutable_request()->set_user("somebody-else");
  request.mutable_request()->set_uid(12345);
  request.mutable_request()->mutable_launch()->set_script_hash("0000");
  const auto detail = user.get_job(user.submit_ok(request));
  REQUIRE(detail);
  const std::string credential = scheduler.credential();
  CHECK(detail->request().user() == credential.substr(0, credential.find(':')));
  CHECK(detail->request().uid() != 12345);
  CHECK(detail->request().launch().script_hash() == to_hex(sha256(request.script())));
}

TEST_CASE("A script beyond its bound is refused with the bound") {
  const InProcessScheduler scheduler;
  proto::SubmitRequest request = small_job();
  request.set_script(std::string(kScriptBytesMax + 1, 'x'));
  const auto refused = scheduler.user().submit(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalid);
  CHECK(refused.error().message.find(std::to_string(kScriptBytesMax)) != std::string::npos);
}

TEST_CASE("[B4] A request that no node could satisfy is refused at submission") {
  const InProcessScheduler scheduler;
  proto::SubmitRequest request = small_job();
  request.mutable_request()->mutable_components(0)->mutable_per_node()->set_gpus(9);
  const auto refused = scheduler.user().submit(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kRefused);
  CHECK(refused.error().message.find('9') != std::string::npos);
}

TEST_CASE("[B6] A test of a submission names a start and leaves no job") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  proto::SubmitRequest request = small_job();
  request.set_test_only(true);
  const auto down = user.submit(request);
  REQUIRE(down);
  CHECK(down->job() == 0);
  CHECK(down->has_reason());  // no node is up
  CHECK_FALSE(down->has_estimated_start_ms());

  test::FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.join("node001", test::kMachine);
  const auto up = user.submit(request);
  REQUIRE(up);
  CHECK(up->has_estimated_start_ms());
  CHECK_FALSE(up->has_reason());
  proto::ListJobsRequest all;
  CHECK(user.list_jobs(all)->jobs_size() == 0);
  CHECK(user.submit_ok(small_job()) == 1);  // no id was used up
}

TEST_CASE("[B6] A test of a submission behind a running job names the end of its limit") {
  const InProcessScheduler scheduler(1);
  UserClient user = scheduler.user();
  test::FakeAgent agent(scheduler.address(), scheduler.secret());
  agent.join("node001", test::kMachine);
  proto::SubmitRequest request = small_job();
  request.mutable_request()->mutable_components(0)->set_exclusive(true);
  const std::uint64_t running = user.submit_ok(request);
  agent.agree_to_prepare();
  agent.expect<Start>();
  const auto detail = user.wait_while(running, {"pending", "preparing"});
  REQUIRE(detail);
  request.set_test_only(true);
  const auto answer = user.submit(request);
  REQUIRE(answer);
  CHECK(answer->estimated_start_ms() == detail->summary().start_ms() + 600'000);
  CHECK(answer->has_reason());
}

TEST_CASE("[B10] The same idempotency key gives the same job") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  proto::SubmitRequest request = small_job();
  request.mutable_request()->set_idempotency_key("once");
  const auto first = user.submit(request);
  const auto second = user.submit(request);
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(first->existed());
  CHECK(second->existed());
  CHECK(first->job() == second->job());
  CHECK(user.list_jobs()->jobs_size() == 1);
}

TEST_CASE("Jobs are listed in pages in the order of their ids") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  for (int i = 0; i < 25; ++i) user.submit_ok(small_job());
  proto::ListJobsRequest request;
  request.set_limit(10);
  std::vector<std::uint64_t> ids;
  do {
    const auto page = user.list_jobs(request);
    REQUIRE(page);
    for (const proto::JobSummary& job : page->jobs()) ids.push_back(job.id());
    request.set_after(page->next_after());
  } while (request.after() != 0);
  REQUIRE(ids.size() == 25);
  for (std::size_t i = 0; i < ids.size(); ++i) CHECK(ids[i] == i + 1);
}

TEST_CASE("A list by a word that is no state of a job is refused with the word") {
  const InProcessScheduler scheduler;
  proto::ListJobsRequest request;
  request.add_states("asleep");
  const auto refused = scheduler.user().list_jobs(request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kInvalid);
  CHECK(refused.error().message.find("asleep") != std::string::npos);
}

TEST_CASE("One call acts on many jobs and names those that were refused") {
  const InProcessScheduler scheduler;
  UserClient user = scheduler.user();
  const std::uint64_t first = user.submit_ok(small_job());
  const std::uint64_t second = user.submit_ok(small_job());
  const auto reply = user.act_on_jobs(proto::JOB_ACTION_CANCEL, {first, 4711, second});
  REQUIRE(reply);
  REQUIRE(reply->refusals_size() == 1);
  CHECK(reply->refusals(0).subject() == "4711");
  CHECK(reply->refusals(0).error() == to_string(ErrorCode::kNotFound));
  CHECK(user.list_jobs()->jobs_size() == 0);
  CHECK(user.get_job(second)->summary().state() == "cancelled");
}

TEST_CASE("A question about a job that never was says so") {
  const InProcessScheduler scheduler;
  const auto missing = scheduler.user().get_job(12);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
}

TEST_CASE("The cluster is described with its nodes and what the scheduler stands at") {
  const InProcessScheduler scheduler(3);
  const auto cluster = scheduler.user().cluster();
  REQUIRE(cluster);
  CHECK(cluster->nodes() == 3);
  CHECK(cluster->nodes_up() == 0);
  CHECK(cluster->epoch() == 1);
  CHECK(cluster->uuid().size() == 36);
  CHECK(cluster->state_digest().size() == 64);
  CHECK(cluster->partitions_size() == 1);
  const auto nodes = scheduler.user().list_nodes();
  REQUIRE(nodes);
  REQUIRE(nodes->nodes_size() == 3);
  CHECK(nodes->nodes(0).state() == "down");
  CHECK(nodes->nodes(0).gpus() == 8);
}
