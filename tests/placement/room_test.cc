#include <random>
#include <vector>

#include <doctest/doctest.h>

#include "scheduler/placement/machine.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;

// What the counts of a pool should be at a domain, found by looking at every node below it.
struct Recount {
  const Machine& machine;
  std::uint32_t pool;

  template <typename Fits>
  [[nodiscard]] std::uint32_t at(DomainPlace place, Fits fits) const {
    std::uint32_t nodes = 0;
    for (const NodeId node : machine.tree().nodes(place)) {
      const bool counts = machine.pools().of_node[node.value] == pool &&
                          !machine.is_claimed(node) && machine.free(node).takes_work &&
                          fits(machine.free(node));
      nodes += counts ? 1 : 0;
    }
    for (const DomainPlace child : machine.tree().children(place)) nodes += at(child, fits);
    return nodes;
  }
};

void check_counts(const Machine& machine) {
  for (std::uint32_t pool = 0; pool < machine.pools().pools.size(); ++pool) {
    const Recount recount{machine, pool};
    for (DomainPlace place = 0; place < machine.tree().size(); ++place) {
      for (std::uint32_t gpus = 0; gpus <= machine.room().gpus_of(pool); ++gpus) {
        const auto has_gpus = [gpus](const NodeFree& free) { return free.gpu_count >= gpus; };
        CHECK(machine.room().with_gpus(pool, gpus)[place] == recount.at(place, has_gpus));
      }
      const auto is_idle = [](const NodeFree& free) { return free.jobs == 0; };
      CHECK(machine.room().idle(pool)[place] == recount.at(place, is_idle));
      for (const std::uint32_t cores : {1u, 4u, 5u, 16u}) {
        const auto has_cores = [cores](const NodeFree& free) { return free.core_count >= cores; };
        CHECK(machine.room().with_cores(pool, cores)[place] >= recount.at(place, has_cores));
      }
    }
  }
}

// A part of what is free on a node, or nothing.
NodeShare some_of(const Machine& machine, NodeId node, std::mt19937& random) {
  const NodeFree& free = machine.free(node);
  NodeShare share;
  share.node = node;
  for (const std::size_t gpu : free.gpus) {
    if (random() % 2 == 0) share.gpus.insert(gpu);
  }
  for (const std::size_t core : free.cores) {
    if (random() % 3 == 0) share.cores.insert(core);
  }
  return share;
}

TEST_CASE("the counts of a machine are those of its nodes through bookings claims and roll-backs") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  ClusterConfig config = cluster_of(24, 4);
  for (std::uint32_t i = 0; i < 24; i += 3) config.nodes[i].features = {"fast"};
  CoreDriver core(config);
  core.join_all();
  core.must(ActOnNode{CoreDriver::user("operator"), "node005", NodeAction::kDrain, "test"});
  Machine machine(core.state);
  REQUIRE(machine.pools().pools.size() == 2);
  std::vector<std::size_t> marks;
  for (int step = 0; step < 200; ++step) {
    const NodeId node{static_cast<std::uint32_t>(random() % 24)};
    const auto what = random() % 5;
    if (what < 2) {
      marks.push_back(machine.mark());
      machine.book(some_of(machine, node, random));
    } else if (what == 2 && !marks.empty()) {
      machine.roll_back(marks.back());
      marks.pop_back();
    } else {
      const Party party{Party::Kind::kPromised, random() % 3};
      machine.remove_claims(party, node);
      if (random() % 2 == 0) machine.add_claim(node, {party, {1, 1, 1}, Time{}, Time{Millis{1}}});
    }
    if (step % 20 == 0) check_counts(machine);
  }
  machine.roll_back(0);
  check_counts(machine);
}

TEST_CASE("nodes of the fabric have ranks in its order and every domain covers its children") {
  const CoreDriver core(cluster_of(12, 4));
  const DomainTree tree(*core.state.config);
  CHECK(tree.size() == 4);
  CHECK(tree.heights() == 2);
  CHECK(tree.root() == 3);
  for (std::uint32_t i = 1; i < 12; ++i)
    CHECK(tree.rank_of(NodeId{i}) > tree.rank_of(NodeId{i - 1}));
  CHECK(tree.children(tree.root()).size() == 3);
  CHECK(tree.place_of(NodeId{11}) == tree.children(tree.root()).back());
}

}  // namespace
}  // namespace usine
