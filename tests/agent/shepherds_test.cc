// What an agent makes of the shepherds that it finds when it starts.
#include "agent/daemon/shepherds.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <doctest/doctest.h>

#include "agent/daemon/shepherd_process.h"
#include "common/os/processes.h"
#include "common/os/sockets.h"
#include "tests/agent/builders.h"
#include "tests/support/outer_groups.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::agent;
using namespace usine::test;

namespace {

// An agent's shepherds over the folders below `state`, on a loop of the test's own.
class Found {
 public:
  explicit Found(const TempFolder& state, Millis ready_within = Millis(30'000),
                 NodeSettings node = {})
      : loop_(os::PollLoop::open().value()),
        shepherds_({"/no/such/program", std::move(node), false, ready_within},
                   JobFolders::open(state.path()).value(), loop_,
                   [this](Input input) { reported_.push_back(std::move(input)); }) {}

  [[nodiscard]] Shepherds& operator*() { return shepherds_; }
  [[nodiscard]] os::PollLoop& loop() { return loop_; }

  template <typename T>
  T next() {
    while (reported_.empty()) REQUIRE(loop_.turn());
    const Input first = reported_.front();
    reported_.erase(reported_.begin());
    REQUIRE(std::holds_alternative<T>(first));
    return std::get<T>(first);
  }

 private:
  os::PollLoop loop_;
  std::vector<Input> reported_;
  Shepherds shepherds_;
};

// Leaves this process so few descriptors that no more shepherds should be connected to.
class FewDescriptors {
 public:
  FewDescriptors() {
    constexpr int kLeft = 4;
    REQUIRE(getrlimit(RLIMIT_NOFILE, &before_) == 0);
    rlimit few = before_;
    const int next = dup(0);
    few.rlim_cur = static_cast<rlim_t>(next + kLeft);
    close(next);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a shepherd that hangs before it is ready is given up by the agent that finds it too") {
  const TempFolder state;
  const JobFolders folders = JobFolders::open(state.path()).value();
  REQUIRE(folders.create(key(1), {}));
  // It waits for its specification, which nobody writes.
  std::filesystem::remove(folders.path(key(1)) + "/spec");
  REQUIRE(mkfifo((folders.path(key(1)) + "/spec").c_str(), 0600) == 0);
  const auto pid = os::spawn_detached({.path = std::string(USINE_BIN_DIR) + "/usine-shepherd",
                                       .argv = {"usine-shepherd", folders.path(key(1))},
                                       .environment = {},
                                       .log_path = folders.log(key(1))});
  REQUIRE(pid);
  REQUIRE(wait_until([&] { return find_shepherd(folders.path(key(1))).has_value(); }));

  Found agent(state, Millis(50));
  const auto found = (*agent).find();
  REQUIRE(found.size() == 1);
  CHECK(found[0].address.empty());
  const auto report = agent.next<agent::ShepherdReady>();
  CHECK(report.key == key(1));
  CHECK(!report.ok);
  CHECK(report.node_fault);
  int status = 0;
  REQUIRE(waitpid(*pid, &status, 0) == *pid);
  CHECK(WIFSIGNALED(status));
}

TEST_CASE("a shepherd that lives is not lost because the agent is short of descriptors") {
  const TempFolder state;
  const JobFolders folders = JobFolders::open(state.path()).value();
  REQUIRE(folders.create(key(1), {}));
  const auto listener = os::listen_unix(folders.socket(key(1)), 0600);
  REQUIRE(listener);
  proto::ShepherdReady ready;
  ready.set_address("127.0.0.1:7");
  ready.set_pid(getpid());  // this process plays the shepherd
  ready.set_start_ticks(os::start_ticks_of(getpid()).value());
  std::ofstream(folders.path(key(1)) + "/ready") << ready.SerializeAsString();

  Found agent(state);
  std::vector<FoundAttempt> found;
  {
    const FewDescriptors short_of_them;
    found = (*agent).find();
  }
  REQUIRE(found.size() == 1);
  CHECK(!found[0].ended);
  CHECK(found[0].address == "127.0.0.1:7");

  (*agent).start(key(1), {"127.0.0.1:7"});                        // told as soon as it can be
  os::UniqueFd first = os::accept_next(listener->get()).value();  // which was not kept
  os::UniqueFd second;
  while (!second) {
    REQUIRE(agent.loop().turn());
    second = os::accept_next(listener->get()).value();
  }
  os::FrameSocket shepherd(std::move(second));
  proto::ShepherdMessage message;
  REQUIRE(message.ParseFromString(shepherd.receive(Millis(60'000)).value()));
  CHECK(message.start_job().peers(0) == "127.0.0.1:7");
}

TEST_CASE("an agent that starts ends the control groups of attempts that have no folder") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(contain::Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TempFolder state;
  NodeSettings node;
  node.containment.holders = outer.holders();
  node.containment.prefix = contain::group_prefix("n1", state.path());
  contain::JobGroup left(outer.holders(), contain::group_name(node.containment.prefix, key(1)));
  REQUIRE(left.make({.devices = contain::common_devices("")}).empty());
  CHECK_FALSE(contain::groups_left(outer.holders(), node.containment.prefix).empty());
  Found agent(state, Millis(30'000), node);
  CHECK((*agent).find().empty());
  CHECK(contain::groups_left(outer.holders(), node.containment.prefix).empty());
}
