// Many jobs of random shape, length and end over sixteen nodes, with steps, cancelled, suspended
// and requeued, and with agents and the scheduler killed meanwhile: afterwards each job has exactly
// one ending, the right one, and nothing of any of them is left on the machine. USINE_STORM_JOBS
// and USINE_SEED set how many and which.
#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "tests/e2e/gpu_time.h"
#include "tests/e2e/remains.h"
#include "tests/e2e/test_cluster.h"
#include "tests/support/wait.h"

using usine::test::gpu_time_of_history;
using usine::test::gpu_time_of_parts;
using usine::test::GpuTime;
using usine::test::groups_of;
using usine::test::job_folders_of;
using usine::test::Json;
using usine::test::ports_of;
using usine::test::processes_of;
using usine::test::TestCluster;
using usine::test::wait_until;

namespace {

#ifdef USINE_SANITIZED
constexpr std::size_t kJobsDefault = 30;
#else
constexpr std::size_t kJobsDefault = 120;
#endif
constexpr int kNodes = 16;
constexpr unsigned kJobsBetweenKills = 15;

std::size_t number_of_jobs() {
  const char* const set = std::getenv("USINE_STORM_JOBS");
  return set != nullptr ? std::stoul(set) : kJobsDefault;
}

std::uint32_t choose_seed() {
  const char* const set = std::getenv("USINE_SEED");
  const std::uint32_t seed =
      set != nullptr ? static_cast<std::uint32_t>(std::stoul(set)) : std::random_device()();
  std::cout << "USINE_SEED=" << seed << std::endl;
  return seed;
}

// How a job may end: what the history says of it.
struct Ending {
  std::string state;
  int exit_code = 0;
  int signal = 0;

  friend auto operator<=>(const Ending&, const Ending&) = default;
};

// What is done to a job after it was submitted.
enum class Deed : std::uint8_t { kNone, kCancel, kSuspend, kRequeue };

struct Kind {
  std::string command;
  std::vector<std::string> options = {};
  Ending ending;
  Deed deed = Deed::kNone;
};

const char* const kRunStep = USINE_BIN_DIR "/usine run -- sh -c ";

std::string name_of(unsigned node) {
  return (node < 10 ? "node00" : "node0") + std::to_string(node);
}

class Storm {
 public:
  Storm() : random_(choose_seed()), cluster_({.nodes = kNodes, .timings = "kill_wait_s: 1"}) {}

  void run() {
    const std::size_t jobs = number_of_jobs();
    for (std::size_t i = 0; i < jobs; ++i) {
      submit();
      if (i % kJobsBetweenKills == kJobsBetweenKills - 1) kill_something();
    }
    cluster_.up();
    let_go_on();
  }

  // So that what finds nothing at the end is known to find something.
  void check_looking() {
    const std::uint64_t job = cluster_.submit({"-o", "/dev/null", "--wrap", "exec sleep 600"});
    REQUIRE(cluster_.reaches(job, "running"));
    const std::string folder = cluster_.state_folder();
    CHECK(wait_until([&] { return !processes_of(folder).empty(); }));
    CHECK(job_folders_of(folder) == 1);
    CHECK(ports_of(folder).size() == 2);  // the scheduler's and the shepherd's
    if (::geteuid() == 0) CHECK_FALSE(groups_of(folder).empty());
    CHECK(cluster_.usine({"cancel", std::to_string(job)}).status == 0);
    expected_[job] = {{"cancelled", 0, SIGTERM}, {"cancelled", 0, 0}};
  }

  void check_endings() {
    const std::chrono::seconds limit{120 + static_cast<long>(expected_.size()) / 10};
    REQUIRE(wait_until([&] { return cluster_.usine_json({"queue"})["jobs"].empty(); }, limit));
    std::map<std::uint64_t, std::vector<Ending>> endings;
    for (const Json& row : history()) {
      if (!row["final"].get<bool>()) continue;
      endings[row["id"]].push_back({row["state"], row["exit"]["exit_code"], row["exit"]["signal"]});
    }
    CHECK(endings.size() == expected_.size());
    for (const auto& [job, allowed] : expected_) {
      CAPTURE(job);
      const auto found = endings.find(job);
      REQUIRE(found != endings.end());
      CHECK(found->second.size() == 1);
      const Ending& ending = found->second.front();
      CAPTURE(ending.state);
      CAPTURE(ending.exit_code);
      CAPTURE(ending.signal);
      CHECK(std::ranges::find(allowed, ending) != allowed.end());
    }
  }

  void check_nothing_left() {
    const std::string folder = cluster_.state_folder();
    CHECK(wait_until([&] { return processes_of(folder).empty(); }));
    CHECK(wait_until([&] { return job_folders_of(folder) == 0; }));
    CHECK(wait_until([&] { return groups_of(folder).empty(); }));
    // The scheduler's own is left, and goes with it.
    CHECK(wait_until([&] { return ports_of(folder).size() == 1; }));
    CHECK(cluster_.usine({"down"}).status == 0);
    CHECK(ports_of(folder).empty());
  }

  // Of each attempt what the history says is what its parts took, and so the sums are the same.
  void check_gpu_time() const {
    const GpuTime parts = gpu_time_of_parts(cluster_.state_folder());
    const GpuTime told = gpu_time_of_history(cluster_.state_folder());
    std::int64_t of_jobs = 0;
    for (const auto& [attempt, gpu_ms] : told.of_attempt) {
      CAPTURE(attempt.first);
      CAPTURE(attempt.second);
      const auto found = parts.of_attempt.find(attempt);
      CHECK((found == parts.of_attempt.end() ? 0 : found->second) == gpu_ms);
      of_jobs += gpu_ms;
    }
    std::int64_t of_nodes = 0;
    for (const auto& [node, gpu_ms] : parts.of_node) of_nodes += gpu_ms;
    CHECK(of_jobs == of_nodes);
    CHECK(of_jobs > 0);
  }

 private:
  Kind any_kind() {
    // Few nodes mostly, all of them sometimes.
    const unsigned most[] = {1, 1, 2, 2, 4, kNodes};
    const std::uint64_t count = 1 + random_() % most[random_() % 6];
    const std::string nodes = "--nodes=" + std::to_string(count);
    // Parts have nodes apart from each other: together they must find room.
    const std::string part =
        "--nodes=" + std::to_string(std::min<std::uint64_t>(count, kNodes - 2));
    switch (random_() % 11) {
      case 0: return {"exit 3", {nodes}, {"failed", 3, 0}};
      case 1: return {"kill -SEGV $$", {}, {"failed", 0, SIGSEGV}};
      case 2: return {"sleep 60", {"--time=0:01"}, {"timeout", 0, SIGTERM}};
      case 3: return {"exec sleep 600", {nodes}, {"cancelled", 0, SIGTERM}, Deed::kCancel};
      case 4:
        // What it leaves behind must go with it.
        return {"(setsid sleep 600 &) ; sleep 0.$(($$ % 10))", {nodes}, {"completed", 0, 0}};
      case 5: return {std::string(kRunStep) + "'exit 0'", {nodes}, {"completed", 0, 0}};
      case 6: return {std::string(kRunStep) + "'exit 4'", {nodes}, {"failed", 4, 0}};
      case 7: return {"sleep 0.3", {nodes}, {"completed", 0, 0}, Deed::kSuspend};
      case 8: return {"sleep 0.3", {nodes}, {"completed", 0, 0}, Deed::kRequeue};
      case 9: return {"sleep 0.1", {part, ":", "--nodes=2"}, {"completed", 0, 0}};
      default: return {"true", {nodes}, {"completed", 0, 0}};
    }
  }

  void submit() {
    const Kind kind = any_kind();
    std::vector<std::string> words = {"-o", "/dev/null", "--wrap", kind.command,
                                      "--gpus-per-node=" + std::to_string(random_() % 5)};
    words.insert(words.end(), kind.options.begin(), kind.options.end());
    const std::uint64_t job = cluster_.submit(words);
    REQUIRE(job != 0);
    REQUIRE_FALSE(expected_.contains(job));
    expected_[job] = {kind.ending};
    if (kind.deed == Deed::kCancel) cancel(job);
    if (kind.deed == Deed::kRequeue) requeue(job);
    if (kind.deed == Deed::kSuspend) suspend(job);
    if (random_() % 4 == 0) let_go_on();
  }

  void cancel(std::uint64_t job) {
    // Before it has started too.
    expected_[job].push_back({"cancelled", 0, 0});
    const auto said = cluster_.usine({"cancel", std::to_string(job)});
    CHECK_MESSAGE(said.status == 0, said.err);
  }

  // It may wait still, or have ended: then it is refused, which changes nothing.
  void requeue(std::uint64_t job) const {
    CHECK(cluster_.usine({"requeue", std::to_string(job)}).status <= 1);
  }

  void suspend(std::uint64_t job) {
    static_cast<void>(
        wait_until([&] { return cluster_.state_of(job) != "pending"; }, std::chrono::seconds(1)));
    const auto said = cluster_.usine({"suspend", std::to_string(job)});
    CHECK(said.status <= 1);
    if (said.status == 0) suspended_.push_back(job);
  }

  void let_go_on() {
    for (const std::uint64_t job : std::exchange(suspended_, {})) {
      const auto said = cluster_.usine({"unsuspend", std::to_string(job)});
      CHECK_MESSAGE(said.status == 0, said.err);
    }
  }

  void kill_something() {
    const unsigned node = 1 + random_() % kNodes;
    const bool scheduler = random_() % 3 == 0;
    const pid_t victim = scheduler ? cluster_.scheduler_pid() : cluster_.agent_pid(name_of(node));
    REQUIRE(victim > 1);
    REQUIRE(::kill(victim, SIGKILL) == 0);
    const std::string arguments = "/proc/" + std::to_string(victim) + "/cmdline";
    REQUIRE(wait_until([&] { return std::ifstream(arguments).peek() == EOF; }));
    cluster_.up();
  }

  [[nodiscard]] Json history() const {
    Json rows = cluster_.usine_json({"history"})["jobs"];
    REQUIRE(rows.is_array());
    return rows;
  }

  std::mt19937 random_;
  TestCluster cluster_;
  std::map<std::uint64_t, std::vector<Ending>> expected_;
  std::vector<std::uint64_t> suspended_;
};

}  // namespace

TEST_CASE(
    "[B84] [B92] [B94] every job of a storm ends once and as it should and leaves nothing behind") {
  Storm storm;
  storm.check_looking();
  storm.run();
  storm.check_endings();
  storm.check_gpu_time();
  storm.check_nothing_left();
}
