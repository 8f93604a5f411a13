// What operators do with a running cluster: backup and restore, a new configuration.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <doctest/doctest.h>

#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::Json;
using usine::test::ProgramCall;
using usine::test::ProgramResult;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

namespace fs = std::filesystem;

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A zombie that nobody has reaped yet has no command line and does not run.
bool runs(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/cmdline", std::ios::binary);
  return in.peek() != std::ifstream::traits_type::eof();
}

ProgramResult scheduler(std::vector<std::string> words) {
  ProgramCall call;
  call.argv = std::move(words);
  call.argv.insert(call.argv.begin(), std::string(USINE_BIN_DIR) + "/usine-scheduler");
  return usine::test::run_program(call);
}

void kill_scheduler(const TestCluster& cluster) {
  const pid_t pid = cluster.scheduler_pid();
  REQUIRE(pid > 0);
  ::kill(pid, SIGKILL);
  REQUIRE(wait_until([pid] { return !runs(pid); }));
}

void move_store_away(const TestCluster& cluster) {
  for (const char* const suffix : {"", "-wal", "-shm"}) {
    std::error_code ignored;
    const std::string file = cluster.state_folder() + "/usine.db" + suffix;
    fs::rename(file, cluster.work_folder() + "/old.db" + suffix, ignored);
  }
}

std::string config_of(const TestCluster& cluster) {
  return cluster.state_folder() + "/cluster.yaml";
}

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

TEST_CASE(
    "a restored scheduler goes on with the jobs of its backup and takes none that came later for "
    "another") {
  const TestCluster cluster;
  const auto before = cluster.submit({"--wrap", "sleep 300"});
  REQUIRE(cluster.reaches(before, "running"));
  const Json made = cluster.usine_json({"backup", "backup.db"});
  REQUIRE(made.is_object());
  CHECK(made["bytes"] == fs::file_size(cluster.work_folder() + "/backup.db"));
  CHECK(cluster.usine({"backup", "backup.db"}).status == 1);  // no backup is written over

  const auto later = cluster.submit({"--wrap", "echo $$ > later.pid; sleep 300"});
  REQUIRE(wait_until([&] { return cluster.read("later.pid").ends_with('\n'); }));
  const pid_t process = std::stoi(cluster.read("later.pid"));
  kill_scheduler(cluster);
  const std::vector<std::string> words = {"--state", cluster.state_folder(), "--restore",
                                          cluster.work_folder() + "/backup.db"};
  const ProgramResult refused = scheduler(words);
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "is there already"));
  move_store_away(cluster);
  const ProgramResult restored = scheduler(words);
  REQUIRE_MESSAGE(restored.status == 0, restored.err);
  CHECK(contains(restored.out, "1 job"));

  cluster.up();
  CHECK(cluster.state_of(before) == "running");
  // Nobody knows it any more: its agent ends it, and no other job gets its id.
  CHECK(wait_until([process] { return !runs(process); }));
  const ProgramResult unknown = cluster.usine({"show", "job", std::to_string(later)});
  CHECK(unknown.status == 1);
  const auto next = cluster.submit({"--wrap", "true"});
  CHECK(next > later + 1'000'000);
  CHECK(cluster.reaches(next, "completed"));
  CHECK(cluster.state_of(before) == "running");
}

TEST_CASE(
    "[B95] a configuration with a mistake is refused as a whole and one that is sound holds") {
  const TestCluster cluster;
  const auto job = cluster.submit({"--wrap", "sleep 300"});
  REQUIRE(cluster.reaches(job, "running"));
  const std::string path = config_of(cluster);
  const std::string old = text_of(path);

  std::ofstream(path) << old << "qos:\n  fast: {default: true}\nlimits: {per_user: {gpu: 1}}\n";
  const ProgramResult refused = cluster.usine({"config", "reload"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, path + ":"));
  CHECK(contains(refused.err, "limits.per_user"));
  CHECK(cluster.usine_json({"show", "qos"})["qos"][0]["name"] != "fast");

  std::ofstream(path) << old << "qos:\n  fast: {default: true}\n";
  const ProgramResult taken = cluster.usine({"config", "reload"});
  CHECK_MESSAGE(taken.status == 0, taken.err);
  CHECK(contains(taken.out, "is in force"));
  CHECK(cluster.usine_json({"show", "qos"})["qos"][0]["name"] == "fast");
  CHECK(cluster.state_of(job) == "running");
}

TEST_CASE("[B95] what only a restart brings into force is refused by its key") {
  const TestCluster cluster;
  const std::string path = config_of(cluster);
  const std::string old = text_of(path);
  std::ofstream(path) << old << "timings: {lease_s: 90}\noperators: [somebody]\n";
  const ProgramResult refused = cluster.usine({"config", "reload"});
  CHECK(refused.status == 1);
  CHECK(contains(refused.err, "timings.lease_s"));
  CHECK(contains(refused.err, "operators"));
  const Json json = cluster.usine_json({"config", "check", path});
  CHECK(json["ok"] == true);
}

TEST_CASE("the story of a job and of its node is told from the journal in its order") {
  const TestCluster cluster({.nodes = 1});
  const auto job = cluster.submit({"--wrap", "exit 3"});
  REQUIRE(cluster.reaches(job, "failed"));
  const auto other = cluster.submit({"--hold", "--wrap", "true"});
  const Json story = cluster.usine_json({"show", "job", std::to_string(job), "--events"});
  REQUIRE(story.is_object());
  std::vector<std::string> names;
  for (const Json& event : story["events"]) {
    names.push_back(event["event"]);
    CHECK(contains(event["text"], "job=" + std::to_string(job)));
  }
  CHECK(names == std::vector<std::string>{"job_submitted", "attempt_placed", "attempt_started",
                                          "stop_requested", "attempt_ended", "job_ended"});
  CHECK(contains(story["events"].back()["text"], "exit_code=3"));
  const ProgramResult held = cluster.usine({"show", "job", std::to_string(other), "--events"});
  CHECK(contains(held.out, "job_submitted"));
  CHECK_FALSE(contains(held.out, "attempt_placed"));

  const ProgramResult node = cluster.usine({"show", "node", "node001", "--events"});
  for (const char* const name : {"node_joined", "attempt_placed", "attempt_ended"}) {
    CHECK(contains(node.out, name));
  }
  CHECK_FALSE(contains(node.out, "job_submitted"));
  const ProgramResult later =
      cluster.usine({"show", "node", "node001", "--events", "--from", "tomorrow"});
  CHECK(later.status == 0);
  CHECK_FALSE(contains(later.out, "node_joined"));
  CHECK(cluster.usine({"show", "node", "nowhere", "--events"}).status == 1);
  CHECK(cluster.usine({"show", "qos", "x", "--events"}).status == 2);
}
