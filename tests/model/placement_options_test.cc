#include <doctest/doctest.h>

#include "tests/model/resolve.h"

using namespace usine;
using test::component;
using test::contains;
using test::refusal;
using test::resolve;

namespace {

// The message with which a sound reading of the options is refused as a request; empty where it
// is not.
std::string fault(const std::vector<std::string>& words) {
  const auto resolved = resolve({.command_line = words});
  REQUIRE(resolved);
  const Status status = check_request(resolved->request);
  return status ? "" : status.error().message;
}

}  // namespace

TEST_CASE("[B60] a constraint is read from script and command line alike") {
  const auto part = component({.script = "#SBATCH -C h100&ib\n"});
  CHECK(to_string(part.constraint) == "h100&ib");
  CHECK(component({.command_line = {"--constraint=ib&h100"}}) == part);
  CHECK(contains(refusal({.script = "#SBATCH -C h100&\n"}),
                 "job.sh:2: --constraint: 'h100&', column 6: the name of a feature"));
}

TEST_CASE("[B48] switches are bounded for the time that is given or for five minutes") {
  const auto part = component({.command_line = {"--switches=1@10"}});
  CHECK(part.topology.switches_max == 1);
  CHECK(part.topology.switches_wait == Seconds{600});
  CHECK(component({.command_line = {"--switches=2"}}).topology.switches_wait == Seconds{300});
  CHECK(contains(refusal({.command_line = {"--switches=0"}}), "--switches: '0' is not a number"));
  CHECK(contains(refusal({.command_line = {"--switches=1@soon"}}), "'soon' is not a time limit"));
}

TEST_CASE("[B49] [B50] a level is required unless it says that it is preferred") {
  const auto part = component({.command_line = {"--topology=cell,rack:prefer"}});
  CHECK(part.topology.required == DomainKind::kCell);
  CHECK(part.topology.preferred == DomainKind::kRack);
  CHECK(component({.command_line = {"--topology=nvlink"}}).topology.required ==
        DomainKind::kNvlink);
  CHECK(refusal({.command_line = {"--topology=row"}}) ==
        "--topology: 'row' is not a level of the fabric: write one of leaf, nvlink, rack, cell, "
        "site");
  CHECK(contains(refusal({.command_line = {"--topology=rack,cell"}}), "two required levels"));
  CHECK(contains(fault({"--topology=rack,cell:prefer"}), "cell is not below the required level"));
}

TEST_CASE("[B53] a shape of a torus is a word of --topology and stands alone") {
  const auto part = component({.command_line = {"--nodes=8", "--topology=torus:2x2x2"}});
  CHECK(part.topology.shape == TorusSize{2, 2, 2});
  CHECK_FALSE(part.topology.shape_turns);
  CHECK(component({.command_line = {"--topology=torus:4x2:rotate"}}).topology.shape_turns);
  CHECK(contains(refusal({.command_line = {"--topology=torus:2by2"}}), "'2by2' is not a size"));
  CHECK(contains(fault({"--nodes=8", "--topology=torus:2x2x2,rack"}), "leave out --segment"));
  CHECK(contains(fault({"--nodes=8", "--topology=torus:2x2x2", "--switches=1"}),
                 "leave out --segment"));
}

TEST_CASE("[B51] segments divide the nodes evenly or are refused with the next fitting numbers") {
  const auto part =
      component({.command_line = {"--nodes=32", "--segment=8@rack", "--spread-segments"}});
  CHECK(part.topology.segment == 8);
  CHECK(part.topology.segment_level == DomainKind::kRack);
  CHECK(part.topology.segment_order == SegmentOrder::kSpread);
  CHECK(fault({"--nodes=32", "--segment=8"}).empty());
  CHECK(fault({"--nodes=30", "--segment=8"}) ==
        "30 nodes are not a multiple of segments of 8: write --nodes=24 or 32, or another "
        "--segment");
  CHECK(contains(fault({"--nodes=3", "--segment=8"}), "write --nodes=8, or another"));
  CHECK(contains(refusal({.command_line = {"--nodes=8", "--spread-segments"}}), "need --segment"));
  CHECK(contains(refusal({.command_line = {"--nodes=8", "--segment=4", "--spread-segments",
                                           "--consolidate-segments"}}),
                 "contradicts --spread-segments"));
}

TEST_CASE("[B60] contradictory node lists and counts above the nodes are refused") {
  CHECK(fault({"-N2", "-w", "n[1-2]", "-x", "n2"}) == "node n2 is both asked for and excluded");
  CHECK(contains(fault({"-N4", "-C", "[a*2&b*4]"}), "are 6 nodes in all, and the job asks for 4"));
  CHECK(fault({"-N6", "-C", "[a*2&b*4]"}).empty());
}

TEST_CASE("tasks or GPUs in all without nodes leave their number to the scheduler") {
  const auto tasks = component({.command_line = {"--ntasks=512", "--mem-per-cpu=2G"}});
  CHECK(tasks.any_nodes);
  CHECK(tasks.memory_divides);
  CHECK_FALSE(tasks.cores_divide);
  CHECK(tasks.per_node.cores == 512);
  const auto gpus = component({.command_line = {"--gpus=64", "--cpus-per-gpu=8"}});
  CHECK(gpus.any_nodes);
  CHECK(gpus.cores_divide);
  CHECK(gpus.per_node.gpus == 64);
  CHECK(fault({"--gpus=640", "--cpus-per-gpu=8"}).empty());
  CHECK_FALSE(component({.command_line = {"--gpus=64", "--nodes=8"}}).any_nodes);
  CHECK_FALSE(component({.command_line = {"--gpus-per-node=8"}}).any_nodes);
  CHECK_FALSE(component({}).any_nodes);
}
