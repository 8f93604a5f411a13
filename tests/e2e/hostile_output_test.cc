// Jobs that write more than there is room for, into files, pipes and their own folders, on whole
// clusters under root: what is lost is named, nobody's memory grows, and a neighbour notices
// nothing.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sched.h>
#include <sstream>
#include <string>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "tests/e2e/bounded_cluster.h"
#include "tests/support/skip.h"
#include "tests/support/wait.h"

using namespace usine;
using namespace usine::test;
using contain::Resource;

namespace {

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A file system of 1 MiB on /mnt, in a mount namespace of the caller's own.
bool mount_small_disk() {
  return ::unshare(CLONE_NEWNS) == 0 &&
         ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         ::mount("usine-test", "/mnt", "tmpfs", 0, "size=1m,mode=1777") == 0;
}

std::string message_of(const BoundedCluster& cluster, std::uint64_t job) {
  return cluster->usine_json({"show", "job", std::to_string(job)})["message"];
}

// Of /proc/PID/status, in KiB: "VmHWM" is the most that a process has had in memory.
std::int64_t memory_kib(pid_t process, const std::string& key) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  std::string word;
  std::int64_t kib = -1;
  while (status >> word) {
    if (word == key + ':') status >> kib;
  }
  return kib;
}

// A client of a step, as a process of the test's own.
class Client {
 public:
  Client(const BoundedCluster& cluster, std::vector<std::string> words) {
    const std::string state = cluster->state_folder();
    words.insert(words.begin(), {USINE_BIN_DIR "/usine", "run"});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::setenv("USINE_STATE", state.c_str(), 1);
    if (!std::freopen("/dev/null", "w", stdout) || ::chdir(cluster->work_folder().c_str()) != 0) {
      std::_Exit(127);
    }
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client() { end(); }

  void stop() const { ::kill(pid_, SIGSTOP); }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }

 private:
  pid_t pid_ = 0;
};

// Bytes that a process has written so far.
std::uint64_t written_by(pid_t process) {
  std::ifstream io("/proc/" + std::to_string(process) + "/io");
  std::string word;
  std::uint64_t bytes = 0;
  while (io >> word) {
    if (word == "wchar:") io >> bytes;
  }
  return bytes;
}

// Whether the process has not written for half a second: it waits for a reader.
bool stands_still(pid_t process) {
  std::uint64_t before = written_by(process);
  int quiet = 0;
  return wait_until([&] {
    const std::uint64_t now = written_by(process);
    quiet = now == before ? quiet + 1 : 0;
    before = now;
    return quiet == 100;
  });
}

}  // namespace

TEST_CASE("a job that fills the disk of its output file fails with the file named") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1, .around = mount_small_disk});
  const auto job = cluster->submit({"-o", "/mnt/out.txt", "--wrap", "exec cat /dev/zero"});
  CHECK(cluster->reaches(job, "failed"));
  CHECK(message_of(cluster, job) ==
        "no space left for the output file '/mnt/out.txt': what was written last may be missing");
  cluster.check_clean();
}

TEST_CASE("a job that takes no note of a full disk is told of it although it has ended well") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1, .around = mount_small_disk});
  const auto job = cluster->submit(
      {"-o", "/mnt/a", "-e", "/mnt/b", "--wrap", "cat /dev/zero; echo result; exit 0"});
  CHECK(cluster->reaches(job, "completed"));
  CHECK(contains(message_of(cluster, job), "no space left for the output file '/mnt/a'"));
  // What lies elsewhere has room.
  const auto other = cluster->submit({"-o", "elsewhere", "--wrap", "exit 3"});
  CHECK(cluster->reaches(other, "failed"));
  CHECK(message_of(cluster, other).empty());
  cluster.check_clean();
}

TEST_CASE("a step whose output does not fit on the disk of its file fails with that reason") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1, .around = mount_small_disk});
  const auto job = cluster->submit(
      {"-o", "said", "--wrap", USINE_BIN_DIR "/usine run -- head -c 4M /dev/zero > /mnt/out"});
  CHECK(cluster->reaches(job, "failed"));
  CHECK(contains(cluster->read("said"), "could not be written: No space left on device"));
  cluster.check_clean();
}

TEST_CASE("[B45] a node whose disk is full for the agent is drained and its job goes elsewhere") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  std::string jobs;  // the folder in which the agent of the first node keeps its jobs
  ClusterOptions options{.nodes = 2, .timings = "requeue_delay_s: 0"};
  options.prepare = [&jobs](const std::string& state) {
    jobs = state + "/agents/node001/jobs";
    std::filesystem::create_directories(jobs);
  };
  options.around = [&jobs] {
    return mount_small_disk() && ::mount("/mnt", jobs.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
           std::system(("cat /dev/zero > " + jobs + "/filler 2> /dev/null").c_str()) != 0;
  };
  const TestCluster cluster(options);
  const auto job = cluster.submit({"-o", "/dev/null", "--wrap", "exit 0"});
  CHECK(cluster.reaches(job, "completed"));
  const Json nodes = cluster.usine_json({"node", "list"})["nodes"];
  CHECK(nodes[0]["state"] == "drained");
  CHECK(contains(nodes[0]["drain"]["reason"], "No space left on device"));
  CHECK(nodes[1]["state"] == "up");
}

TEST_CASE("a job that fills its own /tmp and /dev/shm uses up its memory and no disk") {
  if (const auto why = BoundedCluster::lacking({Resource::kMemory}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster(
      {.nodes = 1, .up = {"--private-folders", "memory"}, .parent = "/var/tmp"});
  for (const std::string folder : {"/tmp", "/dev/shm"}) {
    const auto job = cluster->submit(
        {"--mem=32M", "-o", "/dev/null", "--wrap", "cat /dev/zero > " + folder + "/usine-filler"});
    CHECK(cluster->reaches(job, "out_of_memory"));
    CHECK_FALSE((::access((folder + "/usine-filler").c_str(), F_OK) == 0));
  }
  cluster.check_clean();
}

TEST_CASE("a job sees nothing of the /tmp and /dev/shm of the node and of the job beside it") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  for (const char* const kind : {"yes", "memory"}) {
    const BoundedCluster cluster(
        {.nodes = 1, .up = {"--private-folders", kind}, .parent = "/var/tmp"});
    // Programs that lie below the node's /tmp are not there for the job.
    const std::string usine = cluster->work_folder() + "/usine";
    std::filesystem::copy_file(USINE_BIN_DIR "/usine", usine);
    const auto first =
        cluster->submit({"-o", "first", "--wrap",
                         "echo a > /tmp/usine-own && echo b > /dev/shm/usine-own && touch made; "
                         "until [ -e over ]; do sleep 0.02; done; ./usine run -- cat "
                         "/tmp/usine-own /dev/shm/usine-own; ls -A \"$TMPDIR\" | wc -l"});
    REQUIRE(wait_until([&] { return cluster->has("made"); }));
    const auto second = cluster->submit({"-o", "second", "--wrap", "ls -A /tmp /dev/shm"});
    CHECK(cluster->reaches(second, "completed"));
    CHECK(cluster->read("second") == "/dev/shm:\n\n/tmp:\n");
    CHECK(::access("/tmp/usine-own", F_OK) != 0);
    CHECK(::access("/dev/shm/usine-own", F_OK) != 0);
    REQUIRE(os::write_file(cluster->work_folder() + "/over", ""));
    CHECK(cluster->reaches(first, "completed"));
    CHECK(cluster->read("first") == "a\nb\n1\n");
    cluster.check_clean();
  }
}

TEST_CASE("a step that floods a client that reads nothing stands still and takes no memory") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  constexpr std::int64_t kMayGrowKib = 48 << 10;
  const pid_t agent = cluster->agent_pid("node001");
  const std::int64_t agent_before = memory_kib(agent, "VmRSS");
  Client client(cluster, {"--", "sh", "-c", "echo $$ $PPID > pids; exec cat /dev/zero"});
  REQUIRE(wait_until([&] { return contains(cluster->read("pids"), "\n"); }));
  client.stop();
  std::istringstream pids(cluster->read("pids"));
  pid_t flood = 0;
  pid_t shepherd = 0;
  pids >> flood >> shepherd;
  REQUIRE(stands_still(flood));
  CHECK(memory_kib(shepherd, "VmHWM") < kMayGrowKib);
  CHECK(memory_kib(agent, "VmHWM") < agent_before + kMayGrowKib);
  // The node takes other jobs and steps meanwhile.
  CHECK(cluster->usine({"run", "--", "true"}).status == 0);
  client.end();
  CHECK(wait_until([flood] { return ::kill(flood, 0) != 0; }));
  cluster.check_clean();
}

TEST_CASE("a job that floods its output file ends at the limit of files it was submitted with") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  const std::string submit = "ulimit -f 2048; exec " USINE_BIN_DIR
                             "/usine submit --parsable -o flood --wrap 'exec cat /dev/zero'";
  const ProgramResult said =
      run_program({.argv = {"bash", "-c", submit},
                   .folder = cluster->work_folder(),
                   .environment = {{"USINE_STATE", cluster->state_folder()}}});
  REQUIRE(said.status == 0);
  const auto job = std::stoull(said.out);
  CHECK(cluster->reaches(job, "failed"));
  CHECK(cluster->usine_json(
            {"show", "job", said.out.substr(0, said.out.find('\n'))})["exit"]["signal"] == SIGXFSZ);
  CHECK(cluster->read("flood").size() == 2048u << 10);
  cluster.check_clean();
}

TEST_CASE("an environment of many megabytes is refused in one line and its size is named") {
  if (const auto why = BoundedCluster::lacking({}); !why.empty()) USINE_SKIP(why);
  const BoundedCluster cluster({.nodes = 1});
  // The most that a process can be started with, in pieces that the system takes.
  const std::string submit =
      "ulimit -s unlimited; x=$(head -c 100000 /dev/zero | tr '\\0' x); "
      "for i in $(seq 50); do export V$i=$x; done; exec " USINE_BIN_DIR "/usine";
  for (const std::string words : {"submit --wrap true", "run -- true"}) {
    const ProgramResult said =
        run_program({.argv = {"bash", "-c", submit + ' ' + words},
                     .folder = cluster->work_folder(),
                     .environment = {{"USINE_STATE", cluster->state_folder()}}});
    CHECK(said.status == 2);
    CHECK(contains(said.err, "environment"));
    CHECK(std::count(said.err.begin(), said.err.end(), '\n') == 1);
  }
  cluster.check_clean();
}
