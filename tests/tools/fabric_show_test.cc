#include "tools/fabric_show.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "tests/support/cluster_builder.h"
#include "tools/shape_svg.h"
#include "tools/topology_show.h"

using namespace usine;
using Json = nlohmann::ordered_json;

namespace {

// Two racks of two leaves of two nodes with 8 GPUs each.
ClusterConfig two_racks() {
  ClusterConfig config = test::cluster_of(8);
  std::vector<Domain>& domains = config.fabric.domains;
  domains = {{"machine", DomainKind::kSite, DomainId{0}}};
  for (std::uint32_t rack = 0; rack < 2; ++rack) {
    const DomainId parent{static_cast<std::uint32_t>(domains.size())};
    domains.push_back({"r" + std::to_string(rack + 1), DomainKind::kRack, DomainId{0}});
    for (std::uint32_t leaf = 0; leaf < 2; ++leaf) {
      const DomainId self{static_cast<std::uint32_t>(domains.size())};
      domains.push_back({"l" + std::to_string(2 * rack + leaf + 1), DomainKind::kLeaf, parent});
      for (std::uint32_t i = 0; i < 2; ++i) config.nodes[4 * rack + 2 * leaf + i].leaf = self;
    }
  }
  return config;
}

std::size_t count_of(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
    ++found;
  }
  return found;
}

}  // namespace

TEST_CASE("a fabric is drawn as a tree with equal siblings in one line and what fits where") {
  const ClusterConfig config = two_racks();
  CHECK(tools::draw(config, tools::sum_up(config), false, 0) ==
        R"(test

site machine  8 nodes, 64 GPUs
└─ 2 racks r[1-2]  each 4 nodes, 32 GPUs
   └─ 2 leaves l[1-2]  each 2 nodes, 16 GPUs

level  domains  most nodes  most  GPUs  in
site         1           8     8    64  machine
rack         2           4     4    32  r1
leaf         4           2     2    16  l1

gang     GPUs  fits in   of which
1 node      8  one leaf  4 of 4 could hold one
2 nodes    16  one leaf  4 of 4 could hold one
4 nodes    32  one rack  2 of 2 could hold one
8 nodes    64  one site  1 of 1 could hold one
)");
}

TEST_CASE("on a busy machine the largest gangs are those of idle nodes") {
  const ClusterConfig config = two_racks();
  const std::set<std::string> idle = {"node001", "node003", "node005", "node006", "node007"};
  const tools::FabricSums sums = tools::sum_up(config, idle);
  const std::string drawing = tools::draw(config, sums, true, 0);
  CHECK(drawing.contains("└─ 2 racks r[1-2]  each 4 nodes, 32 GPUs, 2 to 3 idle\n"));
  CHECK(drawing.contains("└─ 2 leaves l[1-2]  each 2 nodes, 16 GPUs, 1 to 2 idle\n"));
  CHECK(drawing.contains("\n2 nodes    16  one leaf  1 of 4 could hold one\n"));
  CHECK(drawing.contains("\n4 nodes    32  one site  1 of 1 could hold one\n"));
  CHECK(drawing.contains("\n8 nodes    64  nothing\n"));
  const Json document = tools::to_json(config, sums);
  CHECK(document["gangs"][3]["level"].is_null());
  CHECK(document["levels"][1]["roomiest"] == "r2");
  CHECK(document["levels"][1]["idle_nodes"] == 3);
  CHECK(document["domains"][1]["parent"] == "machine");
}

TEST_CASE("[B53] a torus is drawn with its kind and dimensions") {
  ClusterConfig config = test::cluster_of(8, 1);
  config.fabric.domains[0].wiring = Wiring::kTorus;
  config.fabric.domains[0].dimensions = {2, 2, 2};
  const tools::FabricSums sums = tools::sum_up(config);
  CHECK(tools::draw(config, sums, false, 0)
            .contains("site machine  8 nodes, 64 GPUs  (torus of 2x2x2)\n"));
  const Json document = tools::to_json(config, sums);
  CHECK(document["domains"][0]["kind"] == "torus");
  CHECK(document["domains"][0]["dimensions"] == "2x2x2");
  CHECK(document["domains"][1]["dimensions"].is_null());
}

TEST_CASE("no gang of whole nodes is said to fit across sites") {
  ClusterConfig config = two_racks();
  config.fabric.domains[0].kind = DomainKind::kCluster;
  config.fabric.domains[1].kind = config.fabric.domains[4].kind = DomainKind::kSite;
  const tools::FabricSums sums = tools::sum_up(config);
  CHECK(sums.gangs.back().nodes == 8);
  CHECK_FALSE(sums.gangs.back().level.has_value());
}

TEST_CASE("the picture of a fabric has a box for each domain") {
  const ClusterConfig config = two_racks();
  const std::string svg = tools::draw_svg(config, tools::sum_up(config), false);
  CHECK(svg.starts_with("<svg xmlns="));
  CHECK(svg.ends_with("</svg>\n"));
  CHECK(count_of(svg, "<title>l") == 4);
  CHECK(count_of(svg, "<title>r") == 2);
  CHECK_FALSE(svg.contains("class=\"busy\""));
  const std::string busy =
      tools::draw_svg(config, tools::sum_up(config, std::set<std::string>()), true);
  CHECK(count_of(busy, "class=\"busy\"") == 7);
}

TEST_CASE("the picture of a node has its cores GPUs NICs and links") {
  const auto dgx = tools::load_shape("dgx-h100");
  REQUIRE(dgx);
  const std::string svg = tools::draw_svg(*dgx);
  CHECK(count_of(svg, "class=\"core\"") == 112);
  CHECK(count_of(svg, "class=\"gpu\"") == 8);
  CHECK(count_of(svg, "class=\"nic\"") == 8);
  CHECK(svg.contains("450 GB/s each way between any two GPUs"));
  const auto lumi = tools::load_shape("lumi-g");
  REQUIRE(lumi);
  CHECK(count_of(tools::draw_svg(*lumi), "<path") == 12);
}

TEST_CASE("names in a picture cannot break out of it") {
  ClusterConfig config = two_racks();
  config.name = "a<b>&\"c\"";
  const std::string svg = tools::draw_svg(config, tools::sum_up(config), false);
  CHECK(svg.contains("a&lt;b&gt;&amp;&quot;c&quot;"));
  CHECK_FALSE(svg.contains("a<b>"));
}

TEST_CASE("cluster files are told from machine files and a bad one is refused in one line") {
  const std::string examples = std::string(USINE_SOURCE_DIR) + "/examples/";
  CHECK(tools::is_cluster_file(examples + "clusters/small.yaml"));
  CHECK_FALSE(tools::is_cluster_file(examples + "machines/dgx-h100.yaml"));
  CHECK_FALSE(tools::is_cluster_file(examples + "none"));
  const auto giga = tools::load_cluster(examples + "clusters/giga-nvl72.yaml");
  REQUIRE(giga);
  CHECK(tools::sum_up(*giga).gangs.back().gpus == 100'800);
  const auto machine = tools::load_cluster(examples + "machines/dgx-h100.yaml");
  REQUIRE_FALSE(machine);
  CHECK_FALSE(machine.error().message.contains('\n'));
}
