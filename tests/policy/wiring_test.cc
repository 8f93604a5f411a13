// Fabrics that are no trees, from the submission to the allocation.
#include <algorithm>
#include <map>

#include <doctest/doctest.h>

#include "sim/place_watch.h"
#include "tests/support/core_driver.h"

namespace usine {
namespace {

using test::cluster_of;
using test::CoreDriver;
using test::request_for;

// Four groups of three leaves of four nodes, each group joined with every other.
ClusterConfig dragonfly() {
  ClusterConfig config = cluster_of(48);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"machine", DomainKind::kSite, DomainId{0}, Wiring::kDragonfly}};
  for (std::uint32_t i = 0; i < 48; ++i) {
    const auto number = [&] { return std::to_string(domains.size()); };
    const auto group = 1 + i / 12 * 4;
    if (i % 12 == 0) domains.push_back({"group" + number(), DomainKind::kCell, DomainId{0}});
    if (i % 4 == 0) domains.push_back({"leaf" + number(), DomainKind::kLeaf, DomainId{group}});
    config.nodes[i].leaf = DomainId{static_cast<std::uint32_t>(domains.size() - 1)};
  }
  return config;
}

class Wired : public CoreDriver {
 public:
  explicit Wired(ClusterConfig config) : CoreDriver(std::move(config)) { join_all(); }

  JobId place(std::uint32_t nodes, TopologyRequest topology = {}) {
    JobRequest request = request_for({.nodes = nodes, .gpus = 8});
    request.components[0].topology = topology;
    const JobId id = submit(request);
    plan();
    for (const std::string& fault : sim::misplaced(state)) FAIL_CHECK(fault);
    return id;
  }
  // A job on exactly these nodes, by number.
  JobId occupy(const std::vector<std::uint32_t>& nodes) {
    JobRequest request =
        request_for({.nodes = static_cast<std::uint32_t>(nodes.size()), .gpus = 8});
    for (const std::uint32_t node : nodes) {
      request.components[0].only_nodes.push_back(state.node_name(NodeId{node}));
    }
    const JobId id = submit(request);
    plan();
    REQUIRE(state_of(id) == JobState::kPreparing);
    return id;
  }

  // Nodes in each domain of the level that the job is on, the most first.
  [[nodiscard]] std::vector<std::uint32_t> nodes_by(DomainKind level, JobId id) const {
    REQUIRE(job(id).attempt);
    const auto at = state.config->fabric.domains_at(level);
    std::map<DomainId, std::uint32_t> counts;
    for (const NodeShare& share : job(id).attempt->allocation.nodes) {
      ++counts[*at[state.config->nodes[share.node.value].leaf.value]];
    }
    std::vector<std::uint32_t> nodes;
    for (const auto& [domain, count] : counts) nodes.push_back(count);
    std::ranges::sort(nodes, std::ranges::greater());
    return nodes;
  }
};

using Counts = std::vector<std::uint32_t>;

TEST_CASE("[B52] on a dragonfly a job that fits one group or leaf is packed as on a tree") {
  Wired wired(dragonfly());
  CHECK(wired.nodes_by(DomainKind::kLeaf, wired.place(4)) == Counts{4});
  CHECK(wired.nodes_by(DomainKind::kCell, wired.place(8)) == Counts{8});
  CHECK(wired.nodes_by(DomainKind::kCell, wired.place(12)) == Counts{12});
}

TEST_CASE("[B52] on a dragonfly a job that exceeds one group takes whole leaves of all groups") {
  Wired wired(dragonfly());
  const JobId even = wired.place(16);
  CHECK(wired.nodes_by(DomainKind::kCell, even) == Counts{4, 4, 4, 4});
  CHECK(wired.nodes_by(DomainKind::kLeaf, even) == Counts{4, 4, 4, 4});
  const JobId rest = wired.place(22);
  CHECK(wired.nodes_by(DomainKind::kCell, rest) == Counts{8, 6, 4, 4});
  CHECK(wired.nodes_by(DomainKind::kLeaf, rest) == Counts{4, 4, 4, 4, 4, 2});
}

TEST_CASE("[B52] a group with less room takes part with what it has") {
  Wired wired(dragonfly());
  wired.occupy({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10});  // of the first group one node is left
  CHECK(wired.nodes_by(DomainKind::kCell, wired.place(25)) == Counts{8, 8, 8, 1});
}

TEST_CASE("[B52] groups without leaves share a job node by node") {
  ClusterConfig config = cluster_of(48, 12);
  config.fabric.domains[0].wiring = Wiring::kDragonfly;
  Wired wired(config);
  wired.occupy({0, 1, 2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(wired.nodes_by(DomainKind::kLeaf, wired.place(15)) == Counts{5, 4, 4, 2});
}

TEST_CASE("[B52] what a request says of levels and switches goes before the spread") {
  Wired wired(dragonfly());
  const JobId few = wired.place(16, {.preferred = DomainKind::kCell});
  CHECK(wired.nodes_by(DomainKind::kCell, few) == Counts{12, 4});
  const JobId required = wired.place(10, {.required = DomainKind::kCell});
  CHECK(wired.nodes_by(DomainKind::kCell, required) == Counts{10});
}

TEST_CASE("[B52] a start that was promised is spread as one that comes at once") {
  Wired wired(dragonfly());
  std::vector<std::uint32_t> all(48);
  for (std::uint32_t i = 0; i < 48; ++i) all[i] = i;
  const JobId first = wired.occupy(all);
  wired.prepare_all(first);
  const JobId waits = wired.place(16);
  REQUIRE(wired.state_of(waits) == JobState::kPending);
  wired.end_all(first);
  wired.plan();
  CHECK(wired.nodes_by(DomainKind::kCell, waits) == Counts{4, 4, 4, 4});
}

// One node at each position.
ClusterConfig torus(TorusSize size) {
  ClusterConfig config = cluster_of(size.volume(), 1);
  config.fabric.domains[0].wiring = Wiring::kTorus;
  config.fabric.domains[0].dimensions = size;
  return config;
}

std::vector<std::uint32_t> positions_of(const Wired& wired, JobId job) {
  REQUIRE(wired.job(job).attempt);
  std::vector<std::uint32_t> positions;
  for (const NodeShare& share : wired.job(job).attempt->allocation.nodes) {
    positions.push_back(share.node.value);
  }
  return positions;
}

std::string refusal(Wired& wired, std::uint32_t nodes, TopologyRequest topology) {
  JobRequest request = request_for({.nodes = nodes, .gpus = 8});
  request.components[0].topology = topology;
  return wired
      .refused(
          SubmitJob{CoreDriver::user("ada"), std::make_shared<const JobRequest>(request), false})
      .message;
}

// Every second node, so that no two free ones are neighbours.
std::vector<std::uint32_t> chessboard(TorusSize size) {
  std::vector<std::uint32_t> black;
  for (std::uint32_t i = 0; i < size.volume(); ++i) {
    if ((i / (size.y * size.z) + i / size.z % size.y + i % size.z) % 2 == 0) black.push_back(i);
  }
  return black;
}

TEST_CASE("[B53] a shape of a torus is contiguous") {
  Wired wired(torus({4, 4, 4}));
  wired.occupy({0, 21, 63});
  for (int i = 0; i < 4; ++i) {
    const JobId job = wired.place(8, {.shape = {2, 2, 2}});  // every placement is watched
    CHECK(wired.state_of(job) == JobState::kPreparing);
  }
}

TEST_CASE("[B53] a shape of a torus may go round its ends") {
  Wired wired(torus({4, 1, 1}));
  wired.occupy({1, 2});
  CHECK(positions_of(wired, wired.place(2, {.shape = {2, 1, 1}})) == Counts{0, 3});
}

TEST_CASE("[B53] a shape that does not match the nodes or the torus is refused with both") {
  Wired wired(torus({4, 4, 2}));
  CHECK(refusal(wired, 6, {.shape = {2, 2, 2}}) ==
        "the job asks for 6 nodes, and the shape 2x2x2 has 8: write --nodes=8 or another shape");
  CHECK(
      refusal(wired, 4, {.shape = {1, 1, 4}}) ==
      "the job asks for 4 blocks as 1x1x4; of a torus in partition 'main' machine of 4x4x2 has at "
      "most 0 so that could ever hold it: ask for a smaller shape");
  CHECK(refusal(wired, 8, {.switches_max = 1, .shape = {2, 2, 2}}).find("leave out") !=
        std::string::npos);
  const JobId turned = wired.place(4, {.shape = {1, 1, 4}, .shape_turns = true});
  CHECK(wired.state_of(turned) == JobState::kPreparing);
  Wired tree(cluster_of(8));
  CHECK(refusal(tree, 8, {.shape = {2, 2, 2}}) ==
        "the job asks for the shape 2x2x2 of a torus, and the fabric has none: leave it out");
}

TEST_CASE("[B53] a shape waits while no such block is free and says how much of one is") {
  const TorusSize size{4, 4, 2};
  Wired wired(torus(size));
  const JobId black = wired.occupy(chessboard(size));
  wired.prepare_all(black);
  JobRequest request = request_for({.nodes = 8, .gpus = 8});
  request.components[0].topology.shape = {2, 2, 2};
  const JobId waits = wired.submit(request);
  const Reason reason = wired.plan().reasons.at(waits);
  CHECK(describe(reason) ==
        "8 free nodes in one 2x2x2 of a torus are needed, and at most 4 lie so now");
  REQUIRE_FALSE(wired.planner().promises().empty());
  wired.end_all(black);
  wired.plan();
  CHECK(wired.state_of(waits) == JobState::kPreparing);
  CHECK(sim::misplaced(wired.state).empty());
}

TEST_CASE("[B53] without a shape a job takes the cuboid of the least surface or what there is") {
  const TorusSize size{4, 4, 4};
  Wired wired(torus(size));
  CHECK(positions_of(wired, wired.place(8)) == Counts{0, 1, 4, 5, 16, 17, 20, 21});
  CHECK(positions_of(wired, wired.place(7)).size() == 7);
  Wired broken(torus(size));
  broken.occupy(chessboard(size));
  CHECK(positions_of(broken, broken.place(8)).size() == 8);
}

TEST_CASE("[B53] blocks of several nodes are taken whole and the fullest torus that will do") {
  ClusterConfig config = cluster_of(32, 2);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"machine", DomainKind::kSite, DomainId{0}}};
  for (std::uint32_t i = 0; i < 16; ++i) {
    const std::string number = std::to_string(i / 8 + 1);
    if (i % 8 == 0) {
      domains.push_back(
          {"pod" + number, DomainKind::kCell, DomainId{0}, Wiring::kTorus, TorusSize{2, 2, 2}});
    }
    domains.push_back({"block" + std::to_string(i), DomainKind::kLeaf, DomainId{1 + i / 8 * 9}});
    for (const std::uint32_t node : {2 * i, 2 * i + 1}) {
      config.nodes[node].leaf = DomainId{static_cast<std::uint32_t>(domains.size() - 1)};
    }
  }
  Wired wired(config);
  wired.occupy({16});  // in the second pod
  CHECK(positions_of(wired, wired.place(8, {.shape = {2, 2, 1}, .shape_turns = true})).front() >=
        16);
  CHECK(positions_of(wired, wired.place(3)).size() == 3);
  CHECK(positions_of(wired, wired.place(16, {.shape = {2, 2, 2}})).back() == 15);  // all of pod1
  CHECK(wired.state_of(wired.place(16, {.shape = {2, 2, 2}})) == JobState::kPending);
}

}  // namespace
}  // namespace usine
