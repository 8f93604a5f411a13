// Plans carried out: real processes.
#include "agent/exec/spawn.h"

#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "common/os/unique_fd.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::test;

namespace {

agent::ProcessPlan shell_plan(const TempFolder& folder, const std::string& command) {
  agent::ProcessPlan plan;
  plan.argv = {"sh", "-c", command};
  plan.environment = {"PATH=/usr/bin:/bin"};
  plan.working_directory = folder.path();
  plan.input = "/dev/null";
  plan.output = "out";
  plan.uid = getuid();
  plan.gid = getgid();
  return plan;
}

// The wait status of the plan's process, run to its end.
int run(const agent::ProcessPlan& plan) {
  const auto pid = exec::spawn(plan, {});
  REQUIRE(pid);
  int status = 0;
  REQUIRE(waitpid(*pid, &status, 0) == *pid);
  return status;
}

std::string output_of(const TempFolder& folder, const std::string& command) {
  REQUIRE(run(shell_plan(folder, command)) == 0);
  return os::read_file(folder / "out").value();
}

}  // namespace

TEST_CASE("a process leads its own session and group") {
  const TempFolder folder;
  CHECK(output_of(folder,
                  "set -- $(cut -d')' -f2 /proc/$$/stat); [ $3 = $$ ] && [ $4 = $$ ] && "
                  "echo leads") == "leads\n");
}

TEST_CASE("a process inherits no descriptor beside its streams and no ignored signal") {
  const TempFolder folder;
  const os::UniqueFd leaked(open("/dev/null", O_RDONLY));  // not close-on-exec
  const auto ignored = std::signal(SIGPIPE, SIG_IGN);
  CHECK(output_of(folder, "ls /proc/self/fd | wc -l; grep SigIgn /proc/self/status") ==
        "4\nSigIgn:\t0000000000000000\n");  // ls itself holds the folder open
  std::signal(SIGPIPE, ignored);
}

TEST_CASE("[B9] a limit beyond what this process may have is set to the most it may") {
  const TempFolder folder;
  rlimit limit{};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  agent::ProcessPlan plan = shell_plan(folder, "ulimit -S -n");
  plan.limits = {{.resource = RLIMIT_NOFILE, .soft = ResourceLimit::kNoLimit}};
  REQUIRE(run(plan) == 0);
  const std::string expected =
      limit.rlim_max == RLIM_INFINITY ? "unlimited" : std::to_string(limit.rlim_max);
  CHECK(os::read_file(folder / "out").value() == expected + '\n');
}

TEST_CASE("a process is bound to the cores of its plan that this machine has") {
  const TempFolder folder;
  cpu_set_t ours;
  REQUIRE(sched_getaffinity(0, sizeof(ours), &ours) == 0);
  std::uint32_t last = 0;
  for (std::uint32_t pu = 0; pu < CPU_SETSIZE; ++pu) {
    if (CPU_ISSET(pu, &ours)) last = pu;
  }
  agent::ProcessPlan plan =
      shell_plan(folder, "grep Cpus_allowed_list /proc/self/status | cut -f2");
  plan.pus = {last, CPU_SETSIZE - 1, 1'000'000};
  REQUIRE(run(plan) == 0);
  if (last == CPU_SETSIZE - 1) USINE_SKIP("this machine has more cores than a set holds");
  CHECK(os::read_file(folder / "out").value() == std::to_string(last) + '\n');
}

TEST_CASE("a process runs as its plan's user with that user's rights") {
  if (geteuid() != 0) USINE_SKIP("becoming another user needs root");
  const TempFolder folder;
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  agent::ProcessPlan plan = shell_plan(folder, "id -u; id -g");
  plan.user = "nobody";
  plan.uid = 65534;
  plan.gid = 65534;
  REQUIRE(run(plan) == 0);
  CHECK(os::read_file(folder / "out").value() == "65534\n65534\n");

  plan.output = "/root/not-for-nobody";
  const auto refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(!refused.error().node_fault);
  CHECK(refused.error().message ==
        "cannot open the output file '/root/not-for-nobody': Permission denied");
}

TEST_CASE(
    "[B45] limits of the user's own shell bind the program and keep no node from starting it") {
  if (geteuid() != 0)
    USINE_SKIP("root is exempt from the limit and becoming another user needs it");
  const TempFolder folder;
  REQUIRE(chmod(folder.path().c_str(), 0777) == 0);
  agent::ProcessPlan plan = shell_plan(folder, "echo runs; ulimit -S -n");
  plan.user = "nobody";
  plan.uid = 65534;
  plan.gid = 65534;
  // No process more and no descriptor beside the streams: the shell itself needs neither.
  plan.limits = {{.resource = RLIMIT_NPROC, .soft = 0}, {.resource = RLIMIT_NOFILE, .soft = 10}};
  REQUIRE(run(plan) == 0);
  CHECK(os::read_file(folder / "out").value() == "runs\n10\n");
}

TEST_CASE("[B45] a program that the user's own limits keep out is no fault of the node") {
  const TempFolder folder;
  agent::ProcessPlan plan = shell_plan(folder, "true");
  plan.limits = {{.resource = RLIMIT_STACK, .soft = 64 << 10}};
  plan.environment.push_back("LONG=" + std::string(120 << 10, 'x'));
  plan.environment.push_back("LONGER=" + std::string(120 << 10, 'x'));
  const auto refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(!refused.error().node_fault);
  CHECK(refused.error().message ==
        "cannot execute 'sh': Argument list too long (the limits of the shell that submitted the "
        "job hold for it too: see ulimit -a)");

  plan = shell_plan(folder, "true");
  plan.limits = {{.resource = RLIMIT_AS, .soft = 1}};
  const auto starved = exec::spawn(plan, {});
  // Some kernels refuse the program, others end it at its first page.
  if (starved) {
    int status = 0;
    REQUIRE(waitpid(*starved, &status, 0) == *starved);
    CHECK(status != 0);
  } else {
    CHECK(!starved.error().node_fault);
  }
}

TEST_CASE("a FIFO that nobody opens at its other end keeps no process waiting") {
  const TempFolder folder;
  REQUIRE(mkfifo((folder / "fifo").c_str(), 0600) == 0);
  agent::ProcessPlan plan = shell_plan(folder, "echo heard");
  plan.output = "fifo";
  auto refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(!refused.error().node_fault);
  CHECK(refused.error().message ==
        "cannot open the output file 'fifo': it is a FIFO, a socket or a device that nobody reads");
  {
    const os::UniqueFd reader(open((folder / "fifo").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    CHECK(run(plan) == 0);
    char text[16] = {};
    CHECK(read(reader.get(), text, sizeof(text)) == 6);
    CHECK(std::string(text) == "heard\n");
  }
  plan = shell_plan(folder, "cat");
  plan.input = "fifo";
  refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "cannot open the input file 'fifo': a FIFO cannot be a job's input, read it in the script");
}

TEST_CASE("what keeps a process from starting is said in one line") {
  const TempFolder folder;
  agent::ProcessPlan plan = shell_plan(folder, "true");
  plan.argv = {"./not-executable"};
  REQUIRE(os::write_file(folder / "not-executable", "#!/bin/sh\n", 0600));
  auto refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(refused.error().message == "cannot execute './not-executable': Permission denied");

  REQUIRE(os::write_file(folder / "dos", "#!/bin/sh\r\n", 0700));
  plan.argv = {folder / "dos"};
  refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(refused.error().message ==
        "the interpreter '/bin/sh' of the script's first line does not exist (the line ends in a "
        "carriage return: convert the script)");
  CHECK(!refused.error().node_fault);

  plan.argv = {"./dos"};  // from the process's folder, not ours
  refused = exec::spawn(plan, {});
  REQUIRE(!refused);
  CHECK(refused.error().message.starts_with("the interpreter '/bin/sh' of the script's first"));
}
