// The shipped program, killed and ended in every way: what was acknowledged is still there.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <set>
#include <sys/wait.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/daemon/schedulers.h"
#include "tests/support/wait.h"

using namespace usine;
using test::FakeAgent;
using test::SchedulerProcess;
using test::small_job;
using test::TempFolder;
using test::UserClient;

namespace {

std::set<std::uint64_t> ids_of(UserClient user) {
  std::set<std::uint64_t> ids;
  proto::ListJobsRequest request;
  do {
    const auto page = user.list_jobs(request);
    REQUIRE(page);
    for (const proto::JobSummary& job : page->jobs()) ids.insert(job.id());
    request.set_after(page->next_after());
  } while (request.after() != 0);
  return ids;
}

std::string secret_in(const TempFolder& folder) {
  const std::string text = *os::read_file(folder / "agent.secret");
  return text.substr(0, text.find('\n'));
}

}  // namespace

TEST_CASE("200 acknowledged submissions survive kill -9 and no id is given out again") {
  const TempFolder folder;
  std::set<std::uint64_t> acknowledged;
  {
    SchedulerProcess scheduler(folder);
    UserClient user = scheduler.user();
    for (int i = 0; i < 200; ++i) acknowledged.insert(user.submit_ok(small_job()));
    scheduler.signal(SIGKILL);
    scheduler.wait();
  }
  CHECK(acknowledged.size() == 200);
  SchedulerProcess scheduler(folder);
  CHECK(ids_of(scheduler.user()) == acknowledged);
  for (int i = 0; i < 200; ++i) {
    CHECK(acknowledged.insert(scheduler.user().submit_ok(small_job())).second);
  }
}

TEST_CASE("A scheduler that is told to end commits and leaves with status 0") {
  const TempFolder folder;
  std::uint64_t job = 0;
  {
    SchedulerProcess scheduler(folder);
    const std::string address = scheduler.address();
    const FakeAgent agent(address, secret_in(folder));  // a stream is open when the end comes
    job = scheduler.user().submit_ok(small_job());
    scheduler.signal(SIGTERM);
    const int status = scheduler.wait();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    CHECK_FALSE(std::filesystem::exists(folder / "scheduler.pid"));
    CHECK_FALSE(std::filesystem::exists(folder / "scheduler.address"));
  }
  SchedulerProcess scheduler(folder);
  CHECK(ids_of(scheduler.user()) == std::set{job});
}

TEST_CASE("[B94] An end that was reported to a restarted scheduler is recorded once") {
  const TempFolder folder;
  std::uint64_t job = 0;
  Prepare prepare;
  {
    SchedulerProcess scheduler(folder, {.nodes = 1});
    const std::string address = scheduler.address();
    FakeAgent agent(address, secret_in(folder));
    agent.join("node001", test::kMachine);
    job = scheduler.user().submit_ok(small_job());
    prepare = agent.agree_to_prepare();
    agent.expect<Start>();
    scheduler.signal(SIGKILL);
    scheduler.wait();
  }
  SchedulerProcess scheduler(folder, {.nodes = 1});
  UserClient user = scheduler.user();  // waits until it serves
  FakeAgent agent(scheduler.address(), secret_in(folder));
  CHECK(agent.join("node001", test::kMachine, {prepare.key}).keep == std::vector{prepare.key});
  CHECK(user.get_job(job)->summary().state() == "running");
  const Ended report{prepare.key, {}, Millis(10), 1};
  agent.say(report);
  agent.say(report);
  CHECK(agent.await<Forget>().key == prepare.key);
  CHECK(user.wait_while(job, {"running", "stopping"})->summary().state() == "completed");
  CHECK(user.list_history(job)->entries_size() == 1);
}

TEST_CASE("A full disk ends the scheduler with one clear line and loses nothing acknowledged") {
  const TempFolder folder;
  std::set<std::uint64_t> acknowledged;
  {
    SchedulerProcess scheduler(folder, {.file_mib_max = 2});
    UserClient user = scheduler.user();
    constexpr int kFarTooMany = 100'000;
    for (int i = 0; i < kFarTooMany; ++i) {
      const auto reply = user.submit(small_job());
      if (!reply) break;
      acknowledged.insert(reply->job());
    }
    const int status = scheduler.wait();
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 1);
    CHECK(os::read_file(folder / "log")->find("event=commit_failed") != std::string::npos);
  }
  CHECK(!acknowledged.empty());
  SchedulerProcess scheduler(folder);
  const std::set<std::uint64_t> found = ids_of(scheduler.user());
  CHECK(std::ranges::includes(found, acknowledged));
  CHECK(scheduler.user().submit(small_job()));
}

TEST_CASE("A second scheduler on a folder in use ends at once and the first goes on") {
  const TempFolder folder;
  SchedulerProcess first(folder);
  UserClient user = first.user();
  SchedulerProcess second(folder);
  const int status = second.wait();
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(os::read_file(folder / "log")->find("already runs") != std::string::npos);
  CHECK(user.submit(small_job()));
}

TEST_CASE("A broken configuration ends the start with file line and key") {
  const TempFolder folder;
  const std::string log = folder / "out";
  REQUIRE(os::write_file(folder / "cluster.yaml", "cluster: x\nnods: 3\n"));
  const std::string command = std::string(USINE_BIN_DIR) + "/usine-scheduler --state " +
                              folder.path().string() + " --config " +
                              (folder / "cluster.yaml").string() + " 2> " + log;
  const int status = std::system(command.c_str());
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(os::read_file(log)->find("cluster.yaml:2") != std::string::npos);
}
