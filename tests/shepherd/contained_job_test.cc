// Hostile jobs in control groups, seen from the agent that started their shepherds. Their groups
// lie below groups of the test's own, whose bounds hold whatever ours fail to stop.
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "agent/contain/device_filter.h"
#include "common/os/files.h"
#include "tests/shepherd/fake_agent.h"
#include "tests/shepherd/running_job.h"
#include "tests/support/outer_groups.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using contain::Resource;

namespace {

const std::string kGroup = "usine-node0-00c0ffee-job_1234.1";

EndCause cause_of(const proto::EndRecord& record) { return static_cast<EndCause>(record.cause()); }

void contain_in(proto::JobSpec& spec, const OuterGroups& outer) {
  proto::SpecContainment& containment = *spec.mutable_containment();
  for (const Resource resource : contain::kAllResources) {
    proto::SpecHolder& holder = *containment.add_holders();
    holder.set_version(static_cast<std::uint32_t>(outer.holders()[resource].version));
    holder.set_folder(outer.holders()[resource].folder);
  }
  containment.set_group(kGroup);
  containment.set_processes_max(100);
  for (const contain::Device& device : contain::common_devices("")) {
    proto::SpecDevice& added = *containment.add_devices();
    added.set_major(device.major);
    added.set_minor(device.minor);
  }
}

bool groups_are_gone(const OuterGroups& outer) {
  for (const Resource resource : contain::kAllResources) {
    const contain::Holder& holder = outer.holders()[resource];
    if (holder.version == contain::Version::kNone) continue;
    if (std::filesystem::exists(holder.folder + '/' + kGroup)) return false;
  }
  return true;
}

// Runs a script with so much memory to its end, after which nothing of it may be left.
proto::EndRecord run_contained(const TempFolder& folder, const OuterGroups& outer,
                               const std::string& script, std::int64_t memory_mib = 0) {
  proto::JobSpec spec = job_spec(script);
  spec.mutable_nodes(0)->set_memory_mib(memory_mib);
  contain_in(spec, outer);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  const proto::EndRecord record = agent.ended();
  CHECK(groups_are_gone(outer));
  return record;
}

}  // namespace

TEST_CASE("a fork bomb that a job leaves behind is gone when the job has ended") {
  const OuterGroups outer;
  for (const Resource needed : {Resource::kProcesses, Resource::kPids}) {
    if (const auto why = outer.lacking(needed); !why.empty()) USINE_SKIP(why);
  }
  const TempFolder folder;
  const proto::EndRecord record =
      run_contained(folder, outer, "b() { b | b & }; (b) 2> /dev/null; sleep 0.2; exit 5");
  CHECK(cause_of(record) == EndCause::kExited);
  CHECK(record.exit_code() == 5);
}

TEST_CASE("a fork bomb that ignores TERM is gone when its job is stopped") {
  const OuterGroups outer(contain::Version::kV1);  // the freezer, where the kernel kills no group
  for (const Resource needed : {Resource::kProcesses, Resource::kPids}) {
    if (const auto why = outer.lacking(needed); !why.empty()) USINE_SKIP(why);
  }
  const TempFolder folder;
  proto::JobSpec spec = job_spec(
      "trap '' TERM; b() { b | b & }; (while :; do b; done) 2> /dev/null & echo up > up; "
      "exec sleep 1000");
  contain_in(spec, outer);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  REQUIRE(content_of(folder / "up") == "up\n");
  agent.stop(50);
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kStopped);
  CHECK(record.signal() == SIGKILL);
  CHECK(groups_are_gone(outer));
}

TEST_CASE("a process that hides session and environment ends with its step") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  proto::JobSpec spec = job_spec("until [ -e done ]; do sleep 0.02; done");
  contain_in(spec, outer);
  FakeAgent agent(folder, spec);
  const std::string address = agent.ready().address();
  agent.start({address});
  FakeClient client(agent.job_folder());
  const std::string script =
      "(setsid env -i sh -c 'trap \"\" TERM; echo $$ > hidden; sleep 1000' &); "
      "until [ -s hidden ]; do sleep 0.02; done";
  CHECK(client.run_to_end(step_of(script, 1)).exit_code() == 0);
  const pid_t hidden = std::stoi(content_of(folder / "hidden"));
  CHECK(wait_until([hidden] { return !process_lives(hidden); }));
  agent.stop(60'000);
  agent.ended();
  CHECK(groups_are_gone(outer));
}

TEST_CASE("[B39] a job that runs out of memory says so with its node and its peak") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kMemory); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  const proto::EndRecord record = run_contained(folder, outer, "tail /dev/zero", 32);
  CHECK(cause_of(record) == EndCause::kOutOfMemory);
  CHECK(record.message() == "out of memory on node node0: 32 MiB asked for, peak 32 MiB");
  CHECK(record.peak_memory_mib() == 32);
}

TEST_CASE("[B39] a job that copes with a process that ran out of memory has ended well") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kMemory); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  const proto::EndRecord record = run_contained(folder, outer, "tail /dev/zero || exit 0", 32);
  CHECK(cause_of(record) == EndCause::kExited);
  CHECK(record.exit_code() == 0);
}

TEST_CASE("[B39] a task that runs out of memory names it to its client and ends its job so") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kMemory); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  proto::JobSpec spec = job_spec("until [ -e done ]; do sleep 0.02; done; exit 137");
  spec.mutable_nodes(0)->set_memory_mib(32);
  contain_in(spec, outer);
  FakeAgent agent(folder, spec);
  const std::string address = agent.ready().address();
  agent.start({address});
  const std::string shortage = "out of memory on node node0: 32 MiB asked for, peak 32 MiB";
  {
    FakeClient client(agent.job_folder());
    const proto::StepEnded ended = client.run_to_end(step_of("exec tail /dev/zero", 1));
    CHECK(ended.exit_code() == 128 + SIGKILL);
    CHECK(ended.message() == "rank 0 on node0 ended: " + shortage);
  }
  REQUIRE(os::write_file(folder / "done", ""));
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kOutOfMemory);
  CHECK(record.message() == shortage);
}

TEST_CASE("an environment too large to start with is refused in one line") {
  const OuterGroups outer;
  if (const auto why = outer.lacking(Resource::kProcesses); !why.empty()) USINE_SKIP(why);
  const TempFolder folder;
  proto::JobSpec spec = job_spec("echo never");
  constexpr std::size_t kEntryBytes = 100'000;
  std::string environment = std::string("PATH=/usr/bin:/bin") + '\0';
  for (int i = 0; i < 100; ++i) {
    environment += "V" + std::to_string(i) + '=' + std::string(kEntryBytes, 'x') + '\0';
  }
  spec.set_environment(environment);
  contain_in(spec, outer);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  const proto::EndRecord record = agent.ended();
  CHECK(cause_of(record) == EndCause::kLaunchRefused);
  CHECK(record.message().find("Argument list too long") != std::string::npos);
  CHECK(groups_are_gone(outer));
}

TEST_CASE(
    "a job of another user neither writes through a link at its output nor ends its shepherd") {
  if (geteuid() != 0) USINE_SKIP("running a job as another user needs root");
  constexpr uid_t kNobody = 65534;
  const TempFolder folder;
  const std::string home = folder / "home";
  std::filesystem::create_directory(home);
  REQUIRE(os::write_file(folder / "secret", "untouched", 0600));
  REQUIRE(chmod(folder.path().c_str(), 0711) == 0);
  REQUIRE(chown(home.c_str(), kNobody, kNobody) == 0);
  for (const bool linked : {true, false}) {
    const TempFolder own;
    REQUIRE(chmod(own.path().c_str(), 0711) == 0);
    proto::JobSpec spec = job_spec("kill -9 $PPID 2> /dev/null && exit 9; exit 3");
    spec.set_user("nobody");
    spec.set_uid(kNobody);
    spec.set_gid(kNobody);
    spec.set_working_directory(home);
    if (linked) std::filesystem::create_symlink(folder / "secret", home + "/linked");
    spec.set_output(linked ? "linked" : "plain");
    FakeAgent agent(own, spec);
    agent.ready();
    agent.start();
    const proto::EndRecord record = agent.ended();
    CHECK(cause_of(record) == (linked ? EndCause::kLaunchRefused : EndCause::kExited));
    CHECK(record.exit_code() == (linked ? 0 : 3));
  }
  CHECK(os::read_file(folder / "secret").value() == "untouched");
}

TEST_CASE("a job's script and steps share a /tmp and a /dev/shm that nobody else sees") {
  if (geteuid() != 0) USINE_SKIP("mounts need root");
  // The job folder must not lie below the /tmp that is hidden.
  const TempFolder folder("/var/tmp");
  proto::JobSpec spec = job_spec(
      "echo mine > /tmp/usine-file && echo mine > /dev/shm/usine-file && "
      "touch made; until [ -e done ]; do sleep 0.02; done");
  spec.mutable_containment()->set_private_folders(true);
  FakeAgent agent(folder, spec);
  agent.ready();
  agent.start();
  const auto log = [&] { return os::read_file(agent.job_folder() + "/log").value_or(""); };
  REQUIRE(wait_until([&] { return std::filesystem::exists(folder / "made"); }));
  if (log().find("private folders") != std::string::npos) USINE_SKIP("no mounts here: " + log());
  {
    FakeClient client(agent.job_folder());
    const auto ended = client.run_to_end(step_of("cat /tmp/usine-file /dev/shm/usine-file", 1));
    CHECK(ended.exit_code() == 0);
    CHECK(client.output(0) == "mine\nmine\n");
  }
  CHECK_FALSE(std::filesystem::exists("/tmp/usine-file"));
  CHECK_FALSE(std::filesystem::exists("/dev/shm/usine-file"));
  CHECK(std::filesystem::exists(agent.job_folder() + "/tmp/usine-file"));
  REQUIRE(os::write_file(folder / "done", ""));
  CHECK(agent.ended().exit_code() == 0);
  CHECK_FALSE(std::filesystem::exists(agent.job_folder() + "/tmp"));
}

TEST_CASE("where a group cannot be made a job runs without it unless the site requires it") {
  for (const bool required : {false, true}) {
    const TempFolder folder;
    proto::JobSpec spec = job_spec("echo ran > ran");
    proto::SpecContainment& containment = *spec.mutable_containment();
    containment.set_group(kGroup);
    containment.set_required(required);
    proto::SpecHolder& holder = *containment.add_holders();
    holder.set_version(static_cast<std::uint32_t>(contain::Version::kV2));
    holder.set_folder(folder / "no-such-hierarchy");
    FakeAgent agent(folder, spec);
    if (required) {
      const proto::EndRecord record = agent.ended();
      CHECK(cause_of(record) == EndCause::kNodeFault);
      CHECK(record.message().starts_with("the job cannot be contained: processes: making"));
    } else {
      agent.ready();
      agent.start();
      CHECK(agent.ended().exit_code() == 0);
      CHECK(content_of(agent.job_folder() + "/log").find("event=not_contained") !=
            std::string::npos);
    }
    CHECK(std::filesystem::exists(folder / "ran") == !required);
  }
}
