// Jobs that try to leave their share of a node or their end, on whole clusters under root: each
// ends as it should, a neighbour notices nothing, and the node is clean afterwards.
#include <csignal>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "agent/contain/device_filter.h"
#include "common/os/files.h"
#include "tests/e2e/bounded_cluster.h"
#include "tests/e2e/remains.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using contain::Resource;

namespace {

namespace fs = std::filesystem;

const char* const kKillWait = "kill_wait_s: 1";

Json exit_of(const BoundedCluster& cluster, std::uint64_t job) {
  return cluster->usine_json({"show", "job", std::to_string(job)})["exit"];
}

// How many processes the job's group holds.
std::size_t processes_in_groups(const BoundedCluster& cluster, std::uint64_t job) {
  const std::string mark = "job_" + std::to_string(job) + '.';
  std::size_t most = 0;
  for (const std::string& group : groups_of(cluster->state_folder())) {
    if (group.find(mark) == std::string::npos) continue;
    most = std::max(most, contain::processes_in(group).size());
  }
  return most;
}

}  // namespace

TEST_CASE("a fork bomb that ignores TERM is bounded and gone when its job is cancelled") {
  if (const auto why = BoundedCluster::lacking({Resource::kPids}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster(
      {.nodes = 1, .timings = kKillWait, .up = {"--processes-max", "200"}});
  const auto job = cluster->submit(
      {"-o", "/dev/null", "--wrap",
       "trap '' TERM; b() { b | b & }; (while :; do b; done) 2> /dev/null & exec sleep 1000"});
  CHECK(wait_until([&] { return processes_in_groups(cluster, job) > 150; }));
  CHECK(processes_in_groups(cluster, job) <= 200);
  CHECK(cluster->usine({"cancel", std::to_string(job)}).status == 0);
  CHECK(cluster->reaches(job, "cancelled"));
  cluster.check_clean();
}

TEST_CASE("what has forked twice and hidden its session and environment ends with its job") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  const auto job = cluster->submit(
      {"-o", "/dev/null", "--wrap",
       "(setsid env -i sh -c 'trap \"\" TERM HUP; (exec setsid sleep 1000) & echo $! > hidden' &); "
       "until [ -s hidden ]; do sleep 0.02; done"});
  CHECK(cluster->reaches(job, "completed"));
  const pid_t hidden = std::stoi(cluster->read("hidden"));
  CHECK(wait_until([hidden] { return ::kill(hidden, 0) != 0; }));
  cluster.check_clean();
}

TEST_CASE("[B39] a memory hog ends as out of memory and a job beside it goes on") {
  if (const auto why = BoundedCluster::lacking({Resource::kMemory}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  const auto job =
      cluster->submit({"-o", "/dev/null", "--mem=32M", "--wrap", "exec tail /dev/zero"});
  CHECK(cluster->reaches(job, "out_of_memory"));
  CHECK(cluster->usine_json({"show", "job", std::to_string(job)})["message"] ==
        "out of memory on node node001: 32 MiB asked for, peak 32 MiB");
  cluster.check_clean();
}

TEST_CASE("[B37] a job and its step that ignore TERM are killed after the grace at their limit") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1, .timings = kKillWait});
  const auto job = cluster->submit({"--time=0:01", "-o", "/dev/null", "--wrap",
                                    "trap '' TERM; " USINE_BIN_DIR
                                    "/usine run -- sh -c \"trap '' TERM; while :; do sleep 1; "
                                    "done\"; while :; do sleep 1; done"});
  CHECK(cluster->reaches(job, "timeout"));
  CHECK(exit_of(cluster, job)["signal"] == SIGKILL);
  cluster.check_clean();
}

TEST_CASE("[B56] device files of GPUs that a job was not given cannot be opened nor made") {
  if (const auto why = BoundedCluster::lacking({Resource::kDevices}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  for (unsigned gpu = 0; gpu < 8; ++gpu) {
    const std::string path = cluster->work_folder() + "/gpu" + std::to_string(gpu);
    if (::mknod(path.c_str(), S_IFCHR | 0666, makedev(contain::kNvidiaMajor, gpu)) != 0) {
      USINE_SKIP("device files cannot be made here");
    }
  }
  // A device that is not there is told apart from one that may not be opened.
  const auto job = cluster->submit(
      {"--gpus=2", "-o", "opened", "--wrap",
       "echo given $CUDA_VISIBLE_DEVICES; for gpu in 0 1 2 3 4 5 6 7; do "
       "case $( (: < gpu$gpu) 2>&1) in *'not permitted'*) echo refused $gpu;; "
       "*) echo passed $gpu;; esac; done; "
       "mknod made c 195 7 2> /dev/null && echo made; (: < /dev/null) && echo null"});
  CHECK(cluster->reaches(job, "completed"));
  CHECK(cluster->read("opened") ==
        "given 0,1\npassed 0\npassed 1\nrefused 2\nrefused 3\nrefused 4\nrefused 5\nrefused 6\n"
        "refused 7\nnull\n");
  cluster.check_clean();
}

TEST_CASE(
    "links that a job leaves in place of its folders are not followed when they are emptied") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  fs::create_directory(cluster->work_folder() + "/precious");
  REQUIRE(os::write_file(cluster->work_folder() + "/precious/file", "kept"));
  const auto job = cluster->submit({"-o", "/dev/null", "--wrap",
                                    "rmdir \"$TMPDIR\" && ln -s \"$PWD/precious\" \"$TMPDIR\" && "
                                    "ln -s \"$PWD/precious\" \"${TMPDIR%/tmp}/pmix\""});
  CHECK(cluster->reaches(job, "completed"));
  CHECK(cluster->read("precious/file") == "kept");
  cluster.check_clean();
}
