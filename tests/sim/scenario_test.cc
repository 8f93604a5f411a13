// Single faults at chosen moments, by hand: what the random runs meet by chance, with its outcome
// told exactly.
#include <memory>
#include <string>

#include <doctest/doctest.h>

#include "sim/cluster.h"
#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

constexpr Millis kSecond{1'000};
constexpr agent::SiteScripts kScripts{20 * kSecond, true};

class Scenario {
 public:
  explicit Scenario(std::uint64_t seed = 1, const agent::SiteScripts& scripts = {})
      : cluster(seed, make_cluster({.nodes = 3})) {
    for (const auto& node : cluster.nodes()) node->have_scripts(scripts);
    cluster.start();
    cluster.run_for(20 * kSecond);
  }
  ~Scenario() {
    for (const std::string& breach : cluster.parts().witness.breaches()) FAIL_CHECK(breach);
  }
  Scenario(const Scenario&) = delete;
  Scenario& operator=(const Scenario&) = delete;

  // A job on whole nodes whose script takes so long.
  void submit(std::uint32_t nodes, Millis run) {
    auto request = std::make_shared<JobRequest>(make_request(nodes, 16, 4));
    request->launch.arguments = {std::to_string(run.count())};
    request->idempotency_key = "the job";
    ask(request);
  }

  [[nodiscard]] const std::vector<HistoryRow>& history() {
    return cluster.parts().journal.history();
  }

  // The only attempt in the books, which is the job's last one.
  [[nodiscard]] HistoryRow only_row() {
    REQUIRE(history().size() == 1);
    CHECK(history().front().final);
    return history().front();
  }

  Cluster cluster;

 private:
  void ask(const std::shared_ptr<const JobRequest>& request) {
    const auto answered = [this, request](const std::optional<Result<Reply>>& reply) {
      if (!reply) return cluster.parts().agenda.in(kSecond, [this, request] { ask(request); });
      REQUIRE(*reply);
      cluster.parts().witness.accepted(request->idempotency_key, std::get<Submitted>(**reply).job);
    };
    cluster.scheduler().call(SubmitJob{{"alice", 1000, 1000, false}, request, false}, answered);
  }
};

TEST_CASE("A job runs for as long as its script and is booked once") {
  Scenario scenario;
  scenario.submit(3, 100 * kSecond);
  scenario.cluster.run_for(200 * kSecond);
  const HistoryRow row = scenario.only_row();
  CHECK(row.elapsed == 100 * kSecond);
  CHECK(row.nodes == 3);
}

TEST_CASE("[B93] A cut shorter than the lease leaves the job alone") {
  Scenario scenario;
  scenario.submit(3, 300 * kSecond);
  scenario.cluster.run_for(60 * kSecond);
  scenario.cluster.parts().network.cut_off({1});
  scenario.cluster.run_for(30 * kSecond);
  scenario.cluster.parts().network.join_up({1});
  scenario.cluster.run_for(400 * kSecond);
  CHECK(scenario.only_row().elapsed == 300 * kSecond);
}

TEST_CASE(
    "[B93] A cut longer than the lease loses the attempt once and the job waits for the node") {
  Scenario scenario;
  scenario.submit(2, 300 * kSecond);
  scenario.cluster.run_for(60 * kSecond);
  scenario.cluster.parts().network.cut_off({1});
  scenario.cluster.run_for(200 * kSecond);
  REQUIRE(scenario.history().size() == 1);
  CHECK(scenario.history().front().state == JobState::kNodeFail);
  CHECK(scenario.history().front().message.find("n0002") != std::string::npos);
  const Job& job = scenario.cluster.scheduler().state().jobs.begin()->second;
  CHECK(job.state == JobState::kPending);
  CHECK(job.awaiting_fence == std::set<NodeId>{{1}});
  scenario.cluster.parts().network.join_up({1});
  scenario.cluster.run_for(400 * kSecond);
  REQUIRE(scenario.history().size() == 2);
  CHECK(scenario.history().back().final);
}

TEST_CASE("[B94] A script that ends while the scheduler is away is booked with its own run time") {
  Scenario scenario;
  scenario.submit(2, 100 * kSecond);
  scenario.cluster.run_for(90 * kSecond);
  scenario.cluster.scheduler().crash(40 * kSecond);
  scenario.cluster.run_for(30 * kSecond);
  CHECK(scenario.history().empty());
  scenario.cluster.run_for(120 * kSecond);
  CHECK(scenario.only_row().elapsed == 100 * kSecond);
}

TEST_CASE("[B92] An agent that dies and comes back within the lease finds its job running") {
  Scenario scenario;
  scenario.submit(3, 200 * kSecond);
  scenario.cluster.run_for(50 * kSecond);
  for (const auto& node : scenario.cluster.nodes()) node->crash_agent();
  scenario.cluster.run_for(20 * kSecond);
  for (const auto& node : scenario.cluster.nodes()) node->start_agent();
  scenario.cluster.run_for(300 * kSecond);
  CHECK(scenario.only_row().elapsed == 200 * kSecond);
}

TEST_CASE("[B36] An agent that is gone beyond its lease ends the attempt and the node is named") {
  Scenario scenario;
  scenario.submit(3, 1'000 * kSecond);
  scenario.cluster.run_for(50 * kSecond);
  scenario.cluster.nodes()[2]->power_off();
  scenario.cluster.run_for(120 * kSecond);
  REQUIRE(scenario.history().size() == 1);
  CHECK(scenario.history().front().state == JobState::kNodeFail);
  CHECK(scenario.history().front().message.find("n0003") != std::string::npos);
}

TEST_CASE("[B28] A node that refuses puts the whole gang back and it starts again later") {
  Scenario scenario;
  scenario.cluster.nodes()[1]->fail_next_prepare(PrepareFault::kNodeFault);
  scenario.submit(2, 50 * kSecond);
  scenario.cluster.run_for(200 * kSecond);
  REQUIRE(scenario.history().size() == 2);
  CHECK_FALSE(scenario.history().front().started.has_value());
  CHECK(scenario.history().back().final);
  CHECK(scenario.cluster.scheduler().state().nodes[1].drain.has_value());
}

TEST_CASE("[B45] A prolog that hangs drains its node and the gang starts on others uncharged") {
  Scenario scenario(1, kScripts);
  scenario.cluster.nodes()[0]->fail_next_script(agent::SiteScript::kProlog, ScriptFault::kHangs);
  scenario.submit(2, 50 * kSecond);
  scenario.cluster.run_for(200 * kSecond);
  REQUIRE(scenario.history().size() == 2);
  CHECK_FALSE(scenario.history().front().started.has_value());
  CHECK(scenario.history().front().gpu_ms == 0);
  CHECK(scenario.history().back().final);
  CHECK(scenario.history().back().state != JobState::kNodeFail);
  CHECK(scenario.cluster.scheduler().state().nodes[0].drain.has_value());
}

TEST_CASE("[B45] An epilog that fails drains its node and takes nothing from the job") {
  Scenario scenario(1, kScripts);
  scenario.cluster.nodes()[2]->fail_next_script(agent::SiteScript::kEpilog, ScriptFault::kFails);
  scenario.submit(3, 50 * kSecond);
  scenario.cluster.run_for(200 * kSecond);
  CHECK(scenario.only_row().elapsed == 50 * kSecond);
  CHECK(scenario.cluster.scheduler().state().nodes[2].drain.has_value());
  CHECK_FALSE(scenario.cluster.scheduler().state().nodes[1].drain.has_value());
}

TEST_CASE("[B45] An agent that dies in the middle of an epilog has its successor run it again") {
  Scenario scenario(1, kScripts);
  NodeHost& node = *scenario.cluster.nodes()[0];
  node.fail_next_script(agent::SiteScript::kEpilog, ScriptFault::kHangs);
  scenario.submit(3, 50 * kSecond);
  scenario.cluster.run_for(60 * kSecond);  // in the middle of that
  CHECK(scenario.history().empty());
  node.crash_agent();
  scenario.cluster.run_for(100 * kSecond);  // beyond the lease
  CHECK(scenario.only_row().elapsed == 50 * kSecond);
  node.start_agent();
  scenario.cluster.run_for(20 * kSecond);
  CHECK(scenario.cluster.scheduler().state().nodes[0].link == NodeLink::kUp);
  CHECK_FALSE(scenario.cluster.scheduler().state().nodes[0].drain.has_value());
}

TEST_CASE("[B45] [B92] A scheduler that dies at any commit hears of each script all the same") {
  constexpr std::uint64_t kCommitsOfALife = 14;
  for (const CommitFault fault : {CommitFault::kBefore, CommitFault::kAfter}) {
    for (std::uint64_t good = 0; good < kCommitsOfALife; ++good) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(good);
      Scenario scenario(good + 1, kScripts);
      scenario.cluster.scheduler().fail_commit(fault, good);
      scenario.cluster.nodes()[0]->fail_next_script(agent::SiteScript::kEpilog,
                                                    ScriptFault::kFails);
      scenario.submit(2, 60 * kSecond);
      scenario.cluster.run_for(400 * kSecond);
      while (!scenario.cluster.scheduler().is_up()) scenario.cluster.run_for(kSecond);
      const HistoryRow row = scenario.history().empty() ? HistoryRow{} : scenario.history().back();
      CHECK(row.final);
      CHECK(row.elapsed == 60 * kSecond);
      CHECK(scenario.cluster.scheduler().state().nodes[0].drain.has_value());
    }
  }
}

// Every log position of a job's life, and each way to die there.
TEST_CASE("[B92] A scheduler that dies at any commit of a job's life changes nothing for the job") {
  constexpr std::uint64_t kCommitsOfALife = 12;
  for (const CommitFault fault :
       {CommitFault::kBefore, CommitFault::kRefused, CommitFault::kAfter, CommitFault::kHalfTold}) {
    for (std::uint64_t good = 0; good < kCommitsOfALife; ++good) {
      CAPTURE(static_cast<int>(fault));
      CAPTURE(good);
      Scenario scenario(good + 1);
      scenario.cluster.scheduler().fail_commit(fault, good);
      scenario.submit(3, 60 * kSecond);
      scenario.cluster.run_for(400 * kSecond);
      constexpr std::uint64_t kSurelyReached = 6;
      if (good < kSurelyReached && fault != CommitFault::kHalfTold) {
        CHECK(scenario.cluster.scheduler().crashes() == 1);
      }
      const HistoryRow row = scenario.history().empty() ? HistoryRow{} : scenario.history().back();
      CHECK(row.final);
      CHECK(row.key.job == JobId{1});
      CHECK(row.elapsed == 60 * kSecond);
    }
  }
}

}  // namespace
}  // namespace usine::sim
