// What steps beside each other leave to each other.
#include "agent/core/step_shares.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "tests/exec/launch_job_builder.h"

using namespace usine;
using namespace usine::agent;
using usine::test::launch_job;

using Positions = std::vector<std::uint32_t>;

TEST_CASE("[B58] steps beside each other share their job without overlap until it is used up") {
  const LaunchJob job = launch_job(2, 1);  // four cores and two GPUs on each node
  StepShares shares(job);
  const StepLayout half = lay_out_step(job, {.tasks = 4, .gpus_per_node = 1}).value();
  CHECK(shares.lacking(half).empty());
  shares.take(half);
  shares.take(half);
  CHECK(shares.lacking(half) == "2 cores on node0, where none is free");
  shares.give_back(half);
  CHECK(shares.lacking(half).empty());
  const StepLayout whole = lay_out_step(job, {.tasks = 8, .gpus = 0}).value();
  CHECK(shares.lacking(whole) == "4 cores on node0, of which 2 are free");
  const StepLayout all_gpus = lay_out_step(job, {.tasks = 1}).value();
  CHECK(shares.lacking(all_gpus) == "2 GPUs on node0, of which 1 is free");
  const StepLayout no_gpus = lay_out_step(job, {.tasks = 1, .gpus = 0}).value();
  CHECK(shares.lacking(no_gpus).empty());
}

TEST_CASE("[B58] a step whose first nodes are in use goes to others of its job in the same shape") {
  const LaunchJob job = launch_job(4, 1);
  StepShares shares(job);
  const auto nodes_of = [&](const StepRequest& request) {
    const auto layout = shares.find(lay_out_step(job, request).value());
    std::string nodes;
    if (!layout) return std::string("waits");
    for (const auto& node : layout->nodes) nodes += std::to_string(node.job_node);
    return nodes;
  };
  shares.take(lay_out_step(job, {.tasks = 1}).value());  // all GPUs of the first node
  CHECK(nodes_of({.tasks = 1}) == "1");
  CHECK(nodes_of({.tasks = 1, .gpus = 0}) == "0");
  CHECK(nodes_of({.nodes = 3, .tasks = 3}) == "123");
  CHECK(nodes_of({.nodes = 2, .tasks = 8, .gpus = 0}) == "12");
  CHECK(nodes_of({}) == "waits");
  const StepLayout three = lay_out_step(job, {.nodes = 3, .tasks = 3}).value();
  shares.take(shares.find(three).value());
  CHECK(nodes_of({.tasks = 1}) == "waits");
  CHECK(nodes_of({.tasks = 1, .cores_per_task = 3, .gpus = 0}) == "0");
  CHECK(nodes_of({.tasks = 1, .cores_per_task = 4, .gpus = 0}) == "waits");
}

TEST_CASE("a node of another part of the job takes no step of the first") {
  LaunchJob job = launch_job(2, 1);
  job.components.push_back(job.components.front());
  job.nodes[1].component = 1;
  StepShares shares(job);
  const StepLayout layout = lay_out_step(job, {.tasks = 1}).value();
  shares.take(layout);
  CHECK_FALSE(shares.find(layout));
}

TEST_CASE("a step of a job that has more tasks than cores can run alone") {
  LaunchJob job = launch_job(1, 6);
  StepShares shares(job);
  const StepLayout layout = lay_out_step(job, {}).value();
  CHECK(shares.lacking(layout).empty());
  shares.take(layout);
  CHECK_FALSE(shares.lacking(layout).empty());
}

TEST_CASE("[B57] steps side by side use different cores of a node while there are enough") {
  ShareBook book(4);
  const Positions first = book.find(2);
  CHECK(first == Positions{0, 1});
  book.take(first);
  const Positions second = book.find(2);
  CHECK(second == Positions{2, 3});
  CHECK(book.find(3, {3, 1, 0, 2}) == Positions{1, 2, 3});
  book.take(second);
  CHECK_MESSAGE(book.find(1) == Positions{0}, "all are used: they are shared");
  book.give_back(first);
  CHECK_MESSAGE(book.find(2) == first, "who only looked has left no note");
  CHECK(book.find(9) == Positions{0, 1, 2, 3});
}

namespace {

// Steps that run on a job of three nodes, and which cores each node has said they have.
class Beside {
 public:
  void turn(std::mt19937& random) {
    const auto tasks = std::uniform_int_distribution<std::uint32_t>(1, 12)(random);
    const auto layout = shares_.find(lay_out_step(job_, {.tasks = tasks, .gpus = 0}).value());
    if (layout) {
      begin(*layout);
    } else {
      end(random() % running_.size());  // somebody has what is lacking
    }
  }

  // The most steps on one core.
  [[nodiscard]] int most_users() const {
    std::vector<int> users(12, 0);
    for (const Step& step : running_) {
      for (std::size_t i = 0; i < step.cores.size(); ++i) {
        for (const auto core : step.cores[i]) ++users[4 * step.layout.nodes[i].job_node + core];
      }
    }
    return *std::ranges::max_element(users);
  }

 private:
  struct Step {
    StepLayout layout;
    std::vector<Positions> cores;  // by place in the layout
  };

  void begin(const StepLayout& layout) {
    shares_.take(layout);
    Step& step = running_.emplace_back(layout, std::vector<Positions>());
    for (const auto& node : layout.nodes) {
      step.cores.push_back(books_[node.job_node].find(node.tasks()));
      books_[node.job_node].take(step.cores.back());
    }
  }

  void end(std::size_t which) {
    const Step step = std::move(running_[which]);
    running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(which));
    shares_.give_back(step.layout);
    for (std::size_t i = 0; i < step.cores.size(); ++i) {
      books_[step.layout.nodes[i].job_node].give_back(step.cores[i]);
    }
  }

  const LaunchJob job_ = launch_job(3, 1);
  StepShares shares_{job_};
  std::vector<ShareBook> books_ = std::vector<ShareBook>(3, ShareBook(4));
  std::vector<Step> running_;
};

}  // namespace

TEST_CASE("[B58] whatever the order of steps no core has two of them") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Beside steps;
  for (int turn = 0; turn < 2'000; ++turn) {
    steps.turn(random);
    REQUIRE(steps.most_users() <= 1);
  }
}
