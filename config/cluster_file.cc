#include "config/cluster_file.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <set>

#include "common/hostlist.h"
#include "config/fabric_yaml.h"
#include "config/order_yaml.h"
#include "topology/discovery/machine.h"
#include "topology/discovery/yaml_map.h"

namespace usine::config {

namespace {

using discovery::IntegerRange;
using discovery::nearest_word;
using discovery::YamlFile;
using discovery::YamlMap;

constexpr std::int64_t kDayMs = 24 * 3600 * 1000;
constexpr std::int64_t kReplayRowsMax = 1'000'000'000;

std::string element(const std::string& list, std::size_t index) {
  return list + '[' + std::to_string(index) + ']';
}

bool is_host_and_port(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) return false;
  int port = -1;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, port);
  return error == std::errc{} && rest == end && port >= 0 && port <= 65535;
}

// Names to indexes, and what to say of a name that is not among them.
class NameIndex {
 public:
  // False where the name is there already.
  bool add(const std::string& name, std::uint32_t index) {
    return indexes_.emplace(name, index).second;
  }
  [[nodiscard]] const std::uint32_t* find(const std::string& name) const {
    const auto found = indexes_.find(name);
    return found == indexes_.end() ? nullptr : &found->second;
  }
  // "no node is called 'nod1'; did you mean 'node1'?"
  [[nodiscard]] std::string missing(const std::string& kind, const std::string& name) const {
    constexpr std::size_t kListed = 8;
    std::vector<std::string> names;
    for (const auto& [known, index] : indexes_) names.push_back(known);
    std::string text = "no " + kind + " is called '" + name + "'";
    const std::string nearest = nearest_word(name, names);
    if (!nearest.empty()) return text + "; did you mean '" + nearest + "'?";
    if (names.size() > kListed) names.resize(kListed);
    for (const std::string& known : names)
      text += (&known == names.data() ? "; known: " : ", ") + known;
    return text;
  }

 private:
  std::map<std::string, std::uint32_t> indexes_;
};

// Reads one file into one ClusterFile. Nodes refer to classes and leaves, partitions to nodes: so
// the order of the calls in read().
class ClusterReader {
 public:
  ClusterReader(YamlFile& file, const YAML::Node& root, std::filesystem::path folder)
      : map_(file, root, "",
             {"cluster", "scheduler", "classes", "fabric", "nodes", "partitions", "timings",
              "operators", "priority", "limits", "qos", "projects", "never_satisfied",
              "authentication", "tls", "private_data"}),
        folder_(std::move(folder)) {}

  ClusterFile read() {
    file_.cluster.name = map_.required_text("cluster");
    read_listen();
    read_classes();
    read_fabric_tree();
    read_nodes();
    check_tori();
    read_partitions();
    read_timings();
    read_order_and_limits();
    file_.cluster.operators = map_.texts("operators");
    file_.cluster.private_data = read_private_data(map_);
    read_never_satisfied();
    return std::move(file_);
  }

 private:
  [[nodiscard]] std::string in_folder(const std::string& path) const {
    if (folder_.empty()) return path;
    const std::filesystem::path joined = (folder_ / path).lexically_normal();
    // "folder/." ends as "folder/".
    return joined.has_filename() ? joined.string() : joined.parent_path().string();
  }

  void read_listen() {
    ListenConfig& listen = file_.listen;
    YamlMap map(map_.file(), map_.has("scheduler") ? map_.child("scheduler") : empty_map(),
                "scheduler",
                {"state_folder", "listen", "token_file", "agent_secret_file", "replay_rows"});
    listen.state_folder = in_folder(map.text("state_folder", "."));
    const std::filesystem::path state(listen.state_folder);
    listen.listen_address = map.text("listen", listen.listen_address);
    if (!is_host_and_port(listen.listen_address)) {
      map.report("listen", "expected HOST:PORT, found '" + listen.listen_address + "'");
    }
    listen.token_file = map.has("token_file") ? in_folder(map.required_text("token_file"))
                                              : (state / "token").lexically_normal().string();
    listen.agent_secret_file = map.has("agent_secret_file")
                                   ? in_folder(map.required_text("agent_secret_file"))
                                   : (state / "agent.secret").lexically_normal().string();
    listen.replay_rows = static_cast<std::uint64_t>(map.integer(
        "replay_rows", {0, kReplayRowsMax}, static_cast<std::int64_t>(listen.replay_rows)));
    read_identity(map);
  }

  void read_identity(YamlMap& scheduler) {
    IdentityConfig& identity = file_.listen.identity;
    std::string& token_file = file_.listen.token_file;
    const bool named = scheduler.has("token_file");
    if (map_.has("authentication")) {
      const Authentication read = read_authentication(map_);
      identity.munge = read.munge;
      identity.munge_socket = read.munge_socket;
      if (named && !read.tokens.empty()) {
        scheduler.report("token_file", "authentication.tokens names the file already: remove one");
      }
      if (!read.tokens.empty()) token_file = in_folder(read.tokens);
      if (read.munge && read.tokens.empty() && !named) token_file.clear();
    }
    if (!map_.has("tls")) return;
    const TlsPaths tls = read_tls(map_);
    identity.tls_folder = tls.folder.empty() ? "" : in_folder(tls.folder);
    identity.ca_file = tls.ca.empty() ? identity.tls_folder + "/ca.crt" : in_folder(tls.ca);
  }

  void read_never_satisfied() {
    const std::string word = map_.text("never_satisfied", "keep");
    file_.cluster.cancel_if_never = word == "cancel";
    if (word != "cancel" && word != "keep") {
      map_.report("never_satisfied", "expected keep or cancel, found '" + word + "'");
    }
  }

  static YAML::Node empty_map() { return YAML::Node(YAML::NodeType::Map); }

  // The entries of a mapping from names that people choose, in the order written.
  std::vector<std::pair<std::string, YAML::Node>> named_entries(const std::string& key) {
    std::vector<std::pair<std::string, YAML::Node>> entries;
    const YAML::Node node = map_.child(key);
    if (!map_.has(key)) return entries;
    if (!node.IsMap()) {
      map_.report(key, "expected a mapping from names to their settings");
      return entries;
    }
    std::set<std::string> names;
    for (const auto& entry : node) {
      const std::string name = entry.first.IsScalar() ? entry.first.Scalar() : "";
      if (name.empty()) {
        map_.file().report(entry.first, key, "expected a name");
      } else if (!names.insert(name).second) {
        map_.file().report(entry.first, key + '.' + name, "stands twice");
      } else {
        entries.emplace_back(name, entry.second);
      }
    }
    return entries;
  }

  void read_classes() {
    const auto entries = named_entries("classes");
    if (entries.empty()) map_.report("classes", "at least one class of nodes is needed");
    for (const auto& [name, node] : entries) {
      YamlMap map(map_.file(), node, "classes." + name, {"machine", "gpus"});
      MachineSource source;
      source.machine = map.required_text("machine");
      source.gpus = map.integer("gpus", {0, GpuSet::kCapacity}, MachineSource::kAllGpus);
      const bool is_file = source.machine.find_first_of("./") != std::string::npos;
      if (is_file) source.machine = in_folder(source.machine);
      classes_.add(name, static_cast<std::uint32_t>(file_.machines.size()));
      file_.cluster.classes.push_back({name, read_shape(map, source)});
      file_.machines.push_back(std::move(source));
    }
  }

  static NodeShape read_shape(YamlMap& map, const MachineSource& source) {
    if (source.machine.empty()) return {};
    Result<NodeShape> shape = discovery::load_machine(source.machine);
    if (!shape) {
      map.report("machine", shape.error().message);
      return {};
    }
    if (source.gpus == MachineSource::kAllGpus) return *shape;
    if (source.gpus > static_cast<std::int64_t>(shape->gpus.size())) {
      map.report("gpus", "a " + shape->name + " has only " + std::to_string(shape->gpus.size()));
    }
    return keep_first_gpus(*std::move(shape), static_cast<std::size_t>(source.gpus));
  }

  // Without a fabric every leaf that nodes name hangs on one site of the cluster's name.
  void read_fabric_tree() {
    Fabric& fabric = file_.cluster.fabric;
    if (map_.has("fabric")) {
      fabric = read_fabric(map_.file(), map_.child("fabric"));
    } else {
      fabric.domains.push_back({file_.cluster.name, DomainKind::kSite, DomainId{0}});
    }
    std::vector<bool> has_children(fabric.domains.size(), false);
    for (std::size_t i = 1; i < fabric.domains.size(); ++i) {
      has_children[fabric.domains[i].parent.value] = true;
    }
    // Nodes may hang on whatever has no children.
    for (std::size_t i = 0; map_.has("fabric") && i < fabric.domains.size(); ++i) {
      if (!has_children[i]) {
        leaves_.add(fabric.domains[i].name, static_cast<std::uint32_t>(i));
      }
    }
  }

  void read_nodes() {
    const std::vector<YAML::Node> entries = map_.list("nodes");
    if (entries.empty()) map_.report("nodes", "at least one entry is needed");
    for (std::size_t i = 0; i < entries.size(); ++i) {
      YamlMap map(map_.file(), entries[i], element("nodes", i),
                  {"names", "class", "leaf", "features"});
      read_node_group(map);
    }
  }

  void read_node_group(YamlMap& map) {
    const std::vector<std::string> names = read_hostlist(map, "names");
    const std::string class_name = map.required_text("class");
    const std::uint32_t* node_class = classes_.find(class_name);
    if (node_class == nullptr && !class_name.empty()) {
      map.report("class", classes_.missing("class", class_name));
    }
    const std::vector<DomainId> leaves = read_leaves(map);
    const std::vector<std::string> features = map.texts("features");
    if (leaves.empty() || names.empty() || node_class == nullptr) return;
    if (names.size() % leaves.size() != 0) {
      map.report("leaf", std::to_string(names.size()) + " nodes cannot be spread evenly over " +
                             std::to_string(leaves.size()) + " leaves");
      return;
    }
    const std::size_t nodes_per_leaf = names.size() / leaves.size();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const auto id = static_cast<std::uint32_t>(file_.cluster.nodes.size());
      if (!nodes_.add(names[i], id)) {
        map.report("names", "two nodes are called '" + names[i] + "'");
        return;
      }
      file_.cluster.nodes.push_back({names[i], *node_class, leaves[i / nodes_per_leaf], features});
    }
  }

  // A shape of blocks says how many nodes it has, so that all blocks of a torus have as many.
  void check_tori() {
    const std::vector<Domain>& domains = file_.cluster.fabric.domains;
    std::vector<std::uint32_t> nodes(domains.size(), 0);
    for (const ConfiguredNode& node : file_.cluster.nodes) ++nodes[node.leaf.value];
    std::map<DomainId, std::size_t> first_block;
    for (std::size_t i = 1; i < domains.size(); ++i) {
      const DomainId torus = domains[i].parent;
      if (domains[torus.value].wiring != Wiring::kTorus) continue;
      const std::size_t first = first_block.try_emplace(torus, i).first->second;
      if (nodes[i] == nodes[first] && nodes[i] > 0) continue;
      return map_.report("fabric", "every block of the torus '" + domains[torus.value].name +
                                       "' needs as many nodes: '" + domains[first].name + "' has " +
                                       std::to_string(nodes[first]) + ", '" + domains[i].name +
                                       "' " + std::to_string(nodes[i]));
    }
  }

  // The leaves of one group of nodes; nodes are spread over them in order and evenly.
  std::vector<DomainId> read_leaves(YamlMap& map) {
    std::vector<DomainId> leaves;
    const bool must_exist = map_.has("fabric");
    const std::vector<std::string> names = map.has("leaf") || must_exist
                                               ? read_hostlist(map, "leaf")
                                               : std::vector{std::string("leaf1")};
    for (const std::string& name : names) {
      if (const std::uint32_t* known = leaves_.find(name)) {
        leaves.push_back(DomainId{*known});
      } else if (must_exist) {
        map.report("leaf", leaves_.missing("leaf", name));
        return {};
      } else {
        std::vector<Domain>& domains = file_.cluster.fabric.domains;
        leaves_.add(name, static_cast<std::uint32_t>(domains.size()));
        leaves.push_back(DomainId{static_cast<std::uint32_t>(domains.size())});
        domains.push_back({name, DomainKind::kLeaf, DomainId{0}});
      }
    }
    return leaves;
  }

  std::vector<std::string> read_hostlist(YamlMap& map, const std::string& key) {
    const std::string text = map.required_text(key);
    if (text.empty()) return {};
    Result<std::vector<std::string>> names = expand_hostlist(text);
    if (names) return *std::move(names);
    map.report(key, names.error().message);
    return {};
  }

  void read_partitions() {
    std::vector<Partition>& partitions = file_.cluster.partitions;
    for (const auto& [name, node] : named_entries("partitions")) {
      YamlMap map(
          map_.file(), node, "partitions." + name,
          {"nodes", "time_limit_max", "default", "head_start_s", "limits", "users", "projects"});
      partitions.push_back(read_partition(map, name));
    }
    if (partitions.empty()) {
      Partition main;
      main.name = "main";
      main.nodes = all_nodes();
      partitions.push_back(std::move(main));
    }
    if (partitions.size() == 1) partitions.front().is_default = true;
    const auto defaults = std::ranges::count(partitions, true, &Partition::is_default);
    if (defaults != 1) {
      map_.report("partitions", "exactly one needs 'default: true', and " +
                                    std::to_string(defaults) + " have it");
    }
  }

  Partition read_partition(YamlMap& map, const std::string& name) {
    Partition partition;
    partition.name = name;
    partition.is_default = map.boolean("default", false);
    partition.head_start = read_head_start(map, "head_start_s");
    partition.limits = read_group_limits(map);
    partition.access = read_access(map);
    if (map.has("time_limit_max")) {
      const Result<Seconds> limit = parse_time_limit(map.required_text("time_limit_max"));
      if (limit) {
        partition.time_limit_max = *limit;
      } else {
        map.report("time_limit_max", limit.error().message);
      }
    }
    if (map.text("nodes") == "all") {
      partition.nodes = all_nodes();
      return partition;
    }
    for (const std::string& node : read_hostlist(map, "nodes")) {
      if (const std::uint32_t* id = nodes_.find(node)) {
        partition.nodes.push_back(NodeId{*id});
      } else {
        map.report("nodes", nodes_.missing("node", node));
      }
    }
    std::ranges::sort(partition.nodes);
    const auto repeated = std::ranges::unique(partition.nodes);
    partition.nodes.erase(repeated.begin(), repeated.end());
    return partition;
  }

  [[nodiscard]] std::vector<NodeId> all_nodes() const {
    std::vector<NodeId> ids;
    for (std::uint32_t i = 0; i < file_.cluster.nodes.size(); ++i) ids.push_back(NodeId{i});
    return ids;
  }

  void read_order_and_limits() {
    ClusterConfig& cluster = file_.cluster;
    if (map_.has("priority")) {
      cluster.priority = read_priority(map_.file(), map_.child("priority"));
    }
    if (map_.has("limits")) {
      const ClusterLimits limits = read_cluster_limits(map_.file(), map_.child("limits"));
      cluster.user_limits = limits.per_user;
      cluster.job_maxima = limits.per_job;
    }
    for (const auto& [name, node] : named_entries("projects")) {
      cluster.projects.push_back(read_project(map_.file(), node, name));
    }
    check_guarantees();
    read_qos_list();
    for (const Partition& partition : cluster.partitions) {
      check_projects("partitions." + partition.name, partition.access);
    }
  }

  // What is guaranteed to all at once must be there.
  void check_guarantees() {
    const ClusterConfig& cluster = file_.cluster;
    std::int64_t gpus = 0, guaranteed = 0;
    for (const ConfiguredNode& node : cluster.nodes) {
      gpus += static_cast<std::int64_t>(cluster.classes[node.node_class].shape.gpus.size());
    }
    for (const Project& project : cluster.projects) guaranteed += project.guaranteed_gpus;
    if (guaranteed <= gpus) return;
    map_.report("projects", "guaranteed_gpus of all are " + std::to_string(guaranteed) +
                                ", and the nodes have " + std::to_string(gpus));
  }

  void read_qos_list() {
    std::vector<Qos>& list = file_.cluster.qos;
    for (const auto& [name, node] : named_entries("qos")) {
      list.push_back(read_qos(map_.file(), node, name));
    }
    if (list.empty()) return;
    if (list.size() == 1) list.front().is_default = true;
    if (std::ranges::count(list, true, &Qos::is_default) != 1) {
      map_.report("qos", "exactly one needs 'default: true'");
    }
    for (const Qos& qos : list) {
      check_projects("qos." + qos.name, qos.access);
      check_victims(list, qos);
    }
  }

  // A misspelt project would shut everybody out.
  void check_projects(const std::string& path, const AccessList& access) {
    for (const std::string& name : access.projects) {
      const auto& projects = file_.cluster.projects;
      const bool known = std::ranges::find(projects, name, &Project::name) != projects.end();
      if (projects.empty() || known) continue;
      map_.report("projects", path + " names project '" + name + "', which is not among them");
    }
  }

  // Preemption only goes downwards, so that no two jobs put each other back by turns (B74).
  void check_victims(const std::vector<Qos>& list, const Qos& qos) {
    for (const std::string& name : qos.preemption.victims) {
      const auto victim = std::ranges::find(list, name, &Qos::name);
      const std::string place = "qos." + qos.name + ".preempts: ";
      if (victim == list.end()) {
        map_.report("qos", place + "no QOS is called '" + name + "'");
      } else if (victim->head_start >= qos.head_start) {
        map_.report("qos", place + "'" + name + "' must have a smaller head_start_s than '" +
                               qos.name + "', or jobs would put each other back by turns");
      }
    }
  }

  void read_timings() {
    if (!map_.has("timings")) return;
    Timings& timings = file_.cluster.timings;
    YamlMap map(map_.file(), map_.child("timings"), "timings",
                {"heartbeat_s", "lease_s", "prepare_s", "kill_wait_s", "keep_finished_s",
                 "requeue_delay_s", "requeue_max"});
    const auto read = [&](const char* key, std::int64_t min_ms, Millis& value) {
      value = Millis(map.thousandths(key, {min_ms, 30 * kDayMs}, value.count()));
    };
    read("heartbeat_s", 10, timings.heartbeat);
    read("lease_s", 20, timings.lease);
    read("prepare_s", 10, timings.prepare);
    read("kill_wait_s", 0, timings.kill_wait);
    read("keep_finished_s", 0, timings.keep_finished);
    read("requeue_delay_s", 0, timings.requeue_delay);
    timings.requeue_max =
        static_cast<std::uint32_t>(map.integer("requeue_max", {0, 1000}, timings.requeue_max));
    if (timings.lease < 2 * timings.heartbeat) {
      map.report("lease_s", "must be at least twice heartbeat_s, or one late heartbeat loses jobs");
    }
  }

  YamlMap map_;
  std::filesystem::path folder_;
  ClusterFile file_;
  NameIndex classes_;
  NameIndex leaves_;
  NameIndex nodes_;
};

std::expected<ClusterFile, Problems> parse(std::string_view text, const std::string& name,
                                           const std::filesystem::path& folder) {
  Problems problems;
  YamlFile file(name, problems);
  const std::optional<YAML::Node> root = file.parse(text);
  if (!root) return std::unexpected(std::move(problems));
  if (!root->IsMap()) {
    file.report(*root, "", "expected a cluster file: cluster, classes, nodes, ...");
    return std::unexpected(std::move(problems));
  }
  ClusterFile cluster = ClusterReader(file, *root, folder).read();
  if (problems.empty()) return cluster;
  std::ranges::stable_sort(problems, {}, &Problem::line);
  return std::unexpected(std::move(problems));
}

}  // namespace

std::expected<ClusterFile, Problems> load_cluster_file(const std::string& path) {
  const Result<std::string> text = discovery::read_text_file(path);
  if (!text) return std::unexpected(Problems{{path, 0, "", text.error().message}});
  std::error_code error;
  const std::filesystem::path absolute = std::filesystem::absolute(path, error);
  return parse(*text, path, error ? std::filesystem::path() : absolute.parent_path());
}

std::expected<ClusterFile, Problems> parse_cluster_file(std::string_view text,
                                                        const std::string& name) {
  return parse(text, name, {});
}

}  // namespace usine::config
