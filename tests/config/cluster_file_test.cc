#include "config/cluster_file.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "common/hostlist.h"
#include "config/up_cluster.h"
#include "tests/support/temp_folder.h"
#include "topology/discovery/machine.h"

using namespace usine;
using namespace usine::config;

namespace {

std::vector<std::string> problems_of(const std::string& yaml) {
  std::vector<std::string> lines;
  const auto file = parse_cluster_file(yaml, "c.yaml");
  if (file) return lines;
  for (const Problem& problem : file.error()) lines.push_back(discovery::to_string(problem));
  return lines;
}

ClusterFile parsed(const std::string& yaml) {
  const auto file = parse_cluster_file(yaml, "c.yaml");
  for (const std::string& line : problems_of(yaml)) MESSAGE(line);
  REQUIRE(file.has_value());
  return *file;
}

const std::string kSmall = R"(cluster: small
classes:
  dgx: {machine: dgx-h100, gpus: 4}
nodes:
  - {names: "n[1-4]", class: dgx, leaf: "l[1-2]", features: [ib]}
)";

}  // namespace

TEST_CASE("the smallest cluster file gives a site with leaves and one partition of all nodes") {
  const ClusterFile file = parsed(kSmall);
  const ClusterConfig& cluster = file.cluster;
  CHECK(cluster.name == "small");
  CHECK(cluster.classes[0].shape.gpus.size() == 4);
  CHECK(file.machines == std::vector<MachineSource>{{"dgx-h100", 4}});
  REQUIRE(cluster.fabric.domains.size() == 3);
  CHECK(cluster.fabric.domains[2] == Domain{"l2", DomainKind::kLeaf, DomainId{0}});
  REQUIRE(cluster.nodes.size() == 4);
  CHECK(cluster.nodes[1] == ConfiguredNode{"n2", 0, DomainId{1}, {"ib"}});
  CHECK(cluster.nodes[2].leaf == DomainId{2});
  REQUIRE(cluster.partitions.size() == 1);
  CHECK(cluster.partitions[0].name == "main");
  CHECK(cluster.partitions[0].is_default);
  CHECK(cluster.partitions[0].nodes.size() == 4);
  CHECK(cluster.timings == Timings{});
}

TEST_CASE("the commented example holds every key and the values that hold without them") {
  const std::string path = USINE_SOURCE_DIR "/examples/clusters/example.yaml";
  const auto file = load_cluster_file(path);
  REQUIRE(file.has_value());
  const ClusterConfig& cluster = file->cluster;
  CHECK(cluster.name == "example");
  CHECK(cluster.nodes.size() == 10);
  CHECK(cluster.classes.size() == 2);
  CHECK(cluster.partitions.size() == 3);
  CHECK(cluster.partitions[1].time_limit_max == Seconds(4 * 3600));
  CHECK(cluster.partitions[1].nodes == std::vector{NodeId{8}, NodeId{9}});
  CHECK(cluster.timings == Timings{});
  CHECK(cluster.operators.empty());
  const std::string folder = USINE_SOURCE_DIR "/examples/clusters";
  CHECK(file->listen ==
        ListenConfig{folder, "127.0.0.1:6820", folder + "/token", folder + "/agent.secret"});
  CHECK(cluster.fabric.distance(cluster.nodes[0].leaf, cluster.nodes[4].leaf) == 2);
  CHECK(cluster.fabric.distance(cluster.nodes[0].leaf, cluster.nodes[9].leaf) == 4);
}

TEST_CASE("each cluster file that ships is sound") {
  std::size_t files = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(USINE_SOURCE_DIR "/examples/clusters")) {
    CAPTURE(entry.path().string());
    const auto file = load_cluster_file(entry.path().string());
    if (!file) MESSAGE(discovery::to_string(file.error().front()));
    REQUIRE(file.has_value());
    CHECK(file->cluster.fabric.faults().empty());
    ++files;
  }
  CHECK(files >= 18);
}

TEST_CASE("the cluster files of real machines have their nodes and GPUs and domains") {
  struct Size {
    const char* file;
    std::size_t nodes, gpus, domains;  // the root and everything below it
  };
  const Size sizes[] = {{"jupiter-like", 6'000, 24'000, 1 + 25 * 16},
                        {"lumi-like", 2'978, 23'824, 1 + 24},
                        {"leonardo-like", 3'622, 3'456 * 4 + 166 * 8, 1 + 20},
                        {"mn5-like", 1'120, 4'480, 1 + 7},
                        {"giga-nvl72", 25'200, 100'800, 1 + 175 * 9},
                        {"giga-3site", 3 * 8'406, 100'872, 1 + 3 * (1 + 59 + 467)},
                        {"sme-small", 32, 256, 1 + 2},
                        {"juwels-booster-like", 936, 3'744, 1 + 20 + 39 * 3}};
  for (const Size& size : sizes) {
    CAPTURE(size.file);
    const auto file = load_cluster_file(std::string(USINE_SOURCE_DIR "/examples/clusters/") +
                                        size.file + ".yaml");
    REQUIRE(file.has_value());
    const ClusterConfig& cluster = file->cluster;
    std::size_t gpus = 0;
    for (const ConfiguredNode& node : cluster.nodes) {
      gpus += cluster.classes[node.node_class].shape.gpus.size();
    }
    CHECK(cluster.nodes.size() == size.nodes);
    CHECK(gpus == size.gpus);
    CHECK(cluster.fabric.domains.size() == size.domains);
  }
}

TEST_CASE("an NVLink domain of the gigafactory has 18 nodes and lies in a unit of its name") {
  const auto file = load_cluster_file(USINE_SOURCE_DIR "/examples/clusters/giga-nvl72.yaml");
  REQUIRE(file.has_value());
  const ClusterConfig& cluster = file->cluster;
  std::map<DomainId, std::size_t> nodes;
  for (const ConfiguredNode& node : cluster.nodes) ++nodes[node.leaf];
  CHECK(nodes.size() == 1'400);
  for (const auto& [id, count] : nodes) {
    const Domain& domain = cluster.fabric.domains[id.value];
    const Domain& unit = cluster.fabric.domains[domain.parent.value];
    CHECK(count == 18);
    CHECK(domain.kind == DomainKind::kNvlink);
    CHECK(unit.kind == DomainKind::kCell);
    CHECK(domain.name.starts_with(unit.name));
  }
  CHECK(cluster.fabric.domains[cluster.nodes[25'199].leaf.value].name == "unit175nvl8");
}

TEST_CASE("every mistake is reported with file and line and key and none hides another") {
  CHECK(problems_of(R"(cluster: x
clases: {}
classes:
  dgx: {machine: dgx-h1000, gpu: 4}
nodes:
  - {names: "n[1-4", class: dgy, leaf: l1}
  - {names: m1, class: dgx}
timings: {heartbeat_s: 40, lease_s: soon}
)") == std::vector<std::string>{
           "c.yaml:2: unknown key 'clases'; did you mean 'classes'?",
           "c.yaml:4: classes.dgx: unknown key 'gpu'; did you mean 'gpus'?",
           "c.yaml:4: classes.dgx.machine: no file and no shipped machine is called 'dgx-h1000'; "
           "Usine ships dgx-h100, gb200-nvl72, gh200, juwels-booster, leonardo, lumi-g, mn5-acc",
           "c.yaml:6: nodes[0].names: " + expand_hostlist("n[1-4").error().message,
           "c.yaml:6: nodes[0].class: no class is called 'dgy'; did you mean 'dgx'?",
           "c.yaml:8: timings.lease_s: expected a number from 0.02 to 2592000, at most three "
           "digits after the point, found 'soon'",
           "c.yaml:8: timings.lease_s: must be at least twice heartbeat_s, or one late heartbeat "
           "loses jobs"});
}

TEST_CASE("names that refer to nothing are named with the nearest one that exists") {
  const std::string fabric = "fabric: {site: s, children: [{leaf: \"leaf[1-3]\"}]}\n";
  CHECK(problems_of("cluster: x\nclasses: {dgx: {machine: dgx-h100}}\n" + fabric +
                    "nodes: [{names: \"n[1-2]\", class: dgx, leaf: leaf9}]\n") ==
        std::vector<std::string>{
            "c.yaml:4: nodes[0].leaf: no leaf is called 'leaf9'; did you mean 'leaf1'?"});
  CHECK(problems_of(kSmall + "partitions: {p: {nodes: \"n[4-5]\"}}\n") ==
        std::vector<std::string>{
            "c.yaml:6: partitions.p.nodes: no node is called 'n5'; did you mean 'n1'?"});
}

TEST_CASE("nodes are spread evenly over their leaves or refused") {
  std::string uneven = kSmall;
  uneven.replace(uneven.find("l[1-2]"), 6, "l[1-3]");
  CHECK(problems_of(uneven) ==
        std::vector<std::string>{
            "c.yaml:5: nodes[0].leaf: 4 nodes cannot be spread evenly over 3 leaves"});
  CHECK(problems_of(kSmall + "  - {names: n4, class: dgx, leaf: l1}\n") ==
        std::vector<std::string>{"c.yaml:6: nodes[1].names: two nodes are called 'n4'"});
}

TEST_CASE("a fabric whose domains are nested the wrong way is refused") {
  const std::string nodes = "nodes: [{names: n1, class: d, leaf: l1}]\n";
  const std::string head = "cluster: x\nclasses: {d: {machine: gh200}}\n";
  CHECK(problems_of(head + "fabric: {rack: r, children: [{cell: c, children: [{leaf: l1}]}]}\n" +
                    nodes) ==
        std::vector<std::string>{"c.yaml:3: fabric: 'c' is a cell and cannot lie in a rack"});
  CHECK(problems_of(head + "fabric: {site: s, rack: r, children: [{leaf: l1}]}\n" + nodes) ==
        std::vector<std::string>{"c.yaml:3: fabric.rack: one domain cannot be a site as well"});
  CHECK(problems_of(head + "fabric: {site: s, children: [{lef: l1}, {leaf: l1}]}\n" + nodes) ==
        std::vector<std::string>{
            "c.yaml:3: fabric.children[0]: unknown key 'lef'; did you mean 'leaf'?",
            "c.yaml:3: fabric.children[0]: needs one of the keys cluster, site, cell, rack, "
            "nvlink, leaf"});
}

TEST_CASE("a domain that stands for several has its children in each of them") {
  const std::string head = "cluster: x\nclasses: {d: {machine: gh200}}\n";
  const std::string nodes = "nodes: [{names: \"n[1-8]\", class: d, leaf: \"u[1-2]v[1-2]\"}]\n";
  const ClusterFile file = parsed(
      head +
      "fabric: {site: s, children: [{cell: \"u[1-2]\", children: [{nvlink: \"{}v[1-2]\"}]}]}\n" +
      nodes);
  const std::vector<Domain>& domains = file.cluster.fabric.domains;
  REQUIRE(domains.size() == 7);
  CHECK(domains[3] == Domain{"u1v1", DomainKind::kNvlink, DomainId{1}});
  CHECK(domains[6] == Domain{"u2v2", DomainKind::kNvlink, DomainId{2}});
  CHECK(file.cluster.nodes[7].leaf == DomainId{6});
  CHECK(
      problems_of(head +
                  "fabric: {site: s, children: [{cell: \"u[1-2]\", children: [{leaf: l}]}]}\n" +
                  nodes)
          .front() ==
      "c.yaml:3: fabric.children[0].children[0].leaf: the entry above stands for 2 domains, so the "
      "name needs a {}, which their names take the place of");
  CHECK(problems_of(head + "fabric: {site: \"s[1-2]\"}\n" + nodes).front() ==
        "c.yaml:3: fabric.site: the whole is one domain, not a list");
}

TEST_CASE("[B52] how the domains in one are joined is a word beside its name") {
  const std::string head = "cluster: x\nclasses: {d: {machine: gh200}}\n";
  const std::string rest =
      "site: s, children: [{cell: \"u[1-2]\", children: [{leaf: \"{}l[1-2]\"}]}]}\n"
      "nodes: [{names: \"n[1-8]\", class: d, leaf: \"u[1-2]l[1-2]\"}]\n";
  const Fabric fabric = parsed(head + "fabric: {kind: dragonfly, " + rest).cluster.fabric;
  CHECK(fabric.domains[0].wiring == Wiring::kDragonfly);
  CHECK(fabric.domains[1].wiring == Wiring::kTree);
  CHECK(problems_of(head + "fabric: {kind: ring, " + rest).front() ==
        "c.yaml:3: fabric.kind: expected one of tree, dragonfly, torus, found 'ring'");
}

TEST_CASE("[B53] a torus has as many blocks as positions and as many nodes on each") {
  const auto file = [](const std::string& dimensions, const std::string& blocks,
                       const std::string& nodes) {
    return "cluster: x\nclasses: {d: {machine: gh200}}\n"
           "fabric: {site: s, kind: torus, " +
           dimensions + "children: [{leaf: \"p[" + blocks +
           "]\"}]}\nnodes: [{names: \"n[1-8]\", class: d, leaf: \"p[" + nodes + "]\"}]\n";
  };
  const ClusterFile sound = parsed(file("dimensions: 2x2, ", "0-3", "0-3"));
  CHECK(sound.cluster.fabric.domains[0].dimensions == TorusSize{2, 2, 1});
  CHECK(problems_of(file("dimensions: 2x2x2, ", "0-3", "0-3")).front() ==
        "c.yaml:3: fabric: the torus 's' of 2x2x2 needs 8 domains in it, its blocks, and has 4");
  CHECK(problems_of(file("", "0-3", "0-3")).front().find("fabric.dimensions") != std::string::npos);
  CHECK(problems_of(file("dimensions: 2x2, ", "0-3", "0-1")).front() ==
        "c.yaml:3: fabric: every block of the torus 's' needs as many nodes: 'p0' has 4, 'p2' 0");
}

TEST_CASE("a pattern that repeats a mistake many times is not told of each time") {
  const auto problems = problems_of(
      "cluster: x\nclasses: {d: {machine: gh200}}\n"
      "fabric: {site: s, children: [{leaf: \"l[1-50]\"}, {leaf: \"l[1-50]\"}]}\n"
      "nodes: [{names: n1, class: d, leaf: l1}]\n");
  REQUIRE(problems.size() == 9);
  CHECK(problems.back() == "c.yaml:3: fabric: 42 more of the kind");
}

TEST_CASE("exactly one of several partitions is the default") {
  const std::string two = "partitions:\n  a: {nodes: all}\n  b: {nodes: n1}\n";
  CHECK(problems_of(kSmall + two) ==
        std::vector<std::string>{
            "c.yaml:7: partitions: exactly one needs 'default: true', and 0 have it"});
  std::string one = two;
  one.replace(one.find("nodes: n1"), 9, "nodes: n1, default: true");
  const ClusterFile file = parsed(kSmall + one);
  CHECK_FALSE(file.cluster.partitions[0].is_default);
  CHECK(file.cluster.partitions[1].is_default);
}

TEST_CASE("fractions of a second and every other setting are read") {
  const ClusterFile file = parsed(kSmall + R"(scheduler:
  state_folder: /var/lib/usine
  listen: sched.example.org:6820
  token_file: /etc/usine/token
  replay_rows: 5000
timings:
  heartbeat_s: 0.25
  lease_s: 2
  requeue_max: 0
operators: [ada, grace]
)");
  CHECK(file.cluster.timings.heartbeat == Millis(250));
  CHECK(file.cluster.timings.lease == Millis(2000));
  CHECK(file.cluster.timings.requeue_max == 0);
  CHECK(file.cluster.operators == std::vector<std::string>{"ada", "grace"});
  CHECK(file.listen == ListenConfig{"/var/lib/usine",
                                    "sched.example.org:6820",
                                    "/etc/usine/token",
                                    "/var/lib/usine/agent.secret",
                                    5000,
                                    {}});
  CHECK(
      problems_of(kSmall + "scheduler: {listen: nowhere}\n") ==
      std::vector<std::string>{"c.yaml:6: scheduler.listen: expected HOST:PORT, found 'nowhere'"});
}

TEST_CASE("[B11] whether jobs that can never start are cancelled is a word of the cluster file") {
  CHECK_FALSE(parsed(kSmall).cluster.cancel_if_never);
  CHECK(parsed(kSmall + "never_satisfied: cancel\n").cluster.cancel_if_never);
  CHECK(problems_of(kSmall + "never_satisfied: maybe\n") ==
        std::vector<std::string>{
            "c.yaml:6: never_satisfied: expected keep or cancel, found 'maybe'"});
}

TEST_CASE("a machine file is found beside the cluster file that names it") {
  const test::TempFolder folder;
  for (const discovery::ShippedMachine& machine : discovery::shipped_machines()) {
    std::ofstream(folder / (std::string(machine.name) + ".mine.yaml")) << machine.yaml;
  }
  std::ofstream(folder / "c.yaml") << "cluster: x\nclasses: {g: {machine: gh200.mine.yaml}}\n"
                                      "nodes: [{names: n1, class: g}]\n";
  const auto file = load_cluster_file((folder / "c.yaml").string());
  REQUIRE(file.has_value());
  CHECK(file->cluster.classes[0].shape.name == "gh200");
  CHECK(file->machines[0].machine == (folder / "gh200.mine.yaml").string());
  CHECK(file->listen.state_folder == folder.path().string());
}

TEST_CASE("a file that is missing or no YAML is one problem") {
  const auto missing = load_cluster_file("/no/such.yaml");
  REQUIRE_FALSE(missing.has_value());
  CHECK(discovery::to_string(missing.error().front()) == "/no/such.yaml: no such file");
  CHECK(problems_of("cluster: [").size() == 1);
  CHECK(problems_of("3").size() == 1);
  CHECK(problems_of("").size() == 1);
}

TEST_CASE("the cluster file that up writes loads for any number of nodes") {
  for (const std::uint32_t nodes : {1U, 2U, 4U, 7U, 8U, 9U, 64U, 1000U}) {
    CAPTURE(nodes);
    UpOptions options;
    options.nodes = nodes;
    const ClusterFile file = parsed(up_cluster_yaml(options));
    CHECK(file.cluster.nodes.size() == nodes);
    CHECK(file.cluster.nodes[0].name == (nodes < 1000 ? "node001" : "node00001"));
    CHECK(file.cluster.partitions.size() == 1);
    CHECK(file.cluster.classes[0].name == "dgx-h100");
    const std::uint32_t per_leaf = nodes <= 8 ? 2 : 8;
    CHECK(file.cluster.fabric.domains.size() == 1 + (nodes + per_leaf - 1) / per_leaf);
  }
  UpOptions options;
  options.like = "lumi-g";
  options.gpus_per_node = 2;
  options.listen_address = "0.0.0.0:7000";
  const ClusterFile file = parsed(up_cluster_yaml(options));
  CHECK(file.cluster.classes[0].shape.gpus.size() == 2);
  CHECK(file.listen.listen_address == "0.0.0.0:7000");
}
