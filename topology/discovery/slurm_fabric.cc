// Slurm's topology files, and the tree that their switches make.
#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <sstream>

#include "common/hostlist.h"
#include "topology/discovery/fabric_import.h"
#include "topology/discovery/yaml_map.h"

namespace usine::discovery {

namespace {

std::unexpected<Error> fault_at(const std::string& name, int line, const std::string& what) {
  return fail(to_error({Problem{name, line, "", what}}));
}

class TreeBuilder {
 public:
  TreeBuilder(const std::vector<SwitchEntry>& entries, const std::string& name)
      : entries_(entries),
        name_(name),
        parent_(entries.size(), kNone),
        height_(entries.size(), 0) {}

  Result<ImportedFabric> build() {
    if (entries_.empty()) return fault_at(name_, 0, "names no switch and no block");
    if (Status known = find_parents(); !known) return fail(known.error());
    if (Status measured = measure(); !measured) return fail(measured.error());
    std::vector<std::size_t> tops;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (parent_[i] == kNone) tops.push_back(i);
    }
    if (tops.size() == 1 && entries_[tops.front()].nodes.empty()) {
      add(tops.front(), DomainId{0});
    } else {
      found_.fabric.domains.push_back({free_name("site"), DomainKind::kSite, DomainId{0}});
      ++top_height_;
      for (const std::size_t top : tops) add(top, DomainId{0});
    }
    if (top_height_ > kHeightMax) {
      return fault_at(name_, 0,
                      "has " + std::to_string(top_height_) +
                          " levels of switches over the leaves; a fabric has at most " +
                          std::to_string(kHeightMax) + ": rack, cell and site");
    }
    const std::vector<std::string> faults = found_.fabric.faults();
    if (!faults.empty()) return fault_at(name_, 0, faults.front());
    return std::move(found_);
  }

 private:
  static constexpr std::size_t kNone = SIZE_MAX;
  static constexpr std::size_t kHeightMax = 3;

  Status find_parents() {
    std::map<std::string, std::size_t> index;
    std::set<std::string> nodes;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const SwitchEntry& entry = entries_[i];
      if (!index.emplace(entry.name, i).second) {
        return fault_at(name_, entry.line, "'" + entry.name + "' stands twice");
      }
      for (const std::string& node : entry.nodes) {
        if (nodes.insert(node).second) continue;
        return fault_at(name_, entry.line, "node '" + node + "' hangs on two switches");
      }
    }
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      for (const std::string& child : entries_[i].children) {
        const auto known = index.find(child);
        if (known == index.end()) {
          return fault_at(name_, entries_[i].line, "there is no switch '" + child + "'");
        }
        if (parent_[known->second] != kNone) {
          return fault_at(name_, entries_[i].line, "'" + child + "' hangs on two switches");
        }
        parent_[known->second] = i;
        children_[i].push_back(known->second);
      }
    }
    return {};
  }

  // The height of each switch over its leaves, carried up from every leaf. A chain that is longer
  // than there are switches is a ring.
  Status measure() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const SwitchEntry& entry = entries_[i];
      if (entry.nodes.empty() == entry.children.empty()) {
        return fault_at(name_, entry.line,
                        "'" + entry.name + "' needs nodes or switches below it, and not both");
      }
      std::size_t height = 0;
      for (std::size_t at = i; parent_[at] != kNone; at = parent_[at]) {
        if (++height > entries_.size()) {
          return fault_at(name_, entry.line, "'" + entry.name + "' is its own ancestor");
        }
        height_[parent_[at]] = std::max(height_[parent_[at]], height);
      }
      top_height_ = std::max(top_height_, height);
    }
    return {};
  }

  [[nodiscard]] DomainKind kind_of(std::size_t entry) const {
    if (height_[entry] == 0) return DomainKind::kLeaf;
    if (entries_[entry].is_block) return DomainKind::kRack;
    if (height_[entry] == 1 && top_height_ > 2) return DomainKind::kRack;
    return DomainKind::kCell;
  }

  // As deep as the tree is high, which build() bounds before it matters.
  void add(std::size_t entry, DomainId parent) {
    std::vector<Domain>& domains = found_.fabric.domains;
    const DomainId self{static_cast<std::uint32_t>(domains.size())};
    domains.push_back(
        {entries_[entry].name, domains.empty() ? DomainKind::kSite : kind_of(entry), parent});
    for (const std::string& node : entries_[entry].nodes) found_.nodes.push_back({node, self});
    for (const std::size_t child : children_[entry]) add(child, self);
  }

  [[nodiscard]] std::string free_name(std::string name) const {
    while (std::ranges::find(entries_, name, &SwitchEntry::name) != entries_.end()) name += '_';
    return name;
  }

  const std::vector<SwitchEntry>& entries_;
  std::string name_;
  std::vector<std::size_t> parent_;  // kNone for a top
  std::vector<std::size_t> height_;  // 0 for a leaf
  std::map<std::size_t, std::vector<std::size_t>> children_;
  std::size_t top_height_ = 0;
  ImportedFabric found_;
};

std::string lower_case(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// The nodes of a block hang on a leaf of its own.
void add_entry(SwitchEntry entry, std::vector<SwitchEntry>& entries) {
  if (entry.is_block) {
    SwitchEntry leaf{entry.name + "-leaf", {}, std::move(entry.nodes), entry.line, false};
    entry.nodes.clear();
    entry.children = {leaf.name};
    entries.push_back(std::move(leaf));
  }
  entries.push_back(std::move(entry));
}

// One line of topology.conf; nothing for a line that names no switch and no block.
Result<std::optional<SwitchEntry>> parse_line(const std::string& line, int number,
                                              const std::string& name) {
  std::istringstream words(line.substr(0, line.find('#')));
  SwitchEntry entry;
  entry.line = number;
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    const std::string key = lower_case(word.substr(0, equals));
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (key == "switchname" || key == "blockname") {
      entry.name = value;
      entry.is_block = key == "blockname";
    } else if (key == "nodes" || key == "switches") {
      Result<std::vector<std::string>> names = expand_hostlist(value);
      if (!names) return fault_at(name, number, names.error().message);
      (key == "nodes" ? entry.nodes : entry.children) = *std::move(names);
    } else if (key != "linkspeed" && key != "blocksizes") {
      return fault_at(name, number, "unknown word '" + word + "' in Slurm's topology");
    }
  }
  if (entry.name.empty()) return std::nullopt;
  return entry;
}

std::vector<std::string> hostlist_at(YamlMap& map, const std::string& key) {
  const std::string text = map.text(key);
  if (text.empty()) return {};
  Result<std::vector<std::string>> names = expand_hostlist(text);
  if (names) return *std::move(names);
  map.report(key, names.error().message);
  return {};
}

// The switches of a `tree`, or the blocks of a `block`.
std::vector<SwitchEntry> yaml_entries(YamlFile& file, YamlMap& topology) {
  const bool is_tree = topology.has("tree");
  const std::string kind = is_tree ? "tree" : "block";
  const std::string one = is_tree ? "switch" : "block";
  const std::string list = is_tree ? "switches" : "blocks";
  YamlMap body(file, topology.child(kind), topology.path_of(kind), {list, "block_sizes"});
  std::vector<SwitchEntry> entries;
  for (const YAML::Node& node : body.list(list)) {
    YamlMap map(file, node, body.path_of(list), {one, "children", "nodes"});
    SwitchEntry entry;
    entry.name = map.required_text(one);
    entry.children = hostlist_at(map, "children");
    entry.nodes = hostlist_at(map, "nodes");
    entry.line = node.Mark().line + 1;
    entry.is_block = !is_tree;
    add_entry(std::move(entry), entries);
  }
  return entries;
}

}  // namespace

Result<ImportedFabric> fabric_of_switches(const std::vector<SwitchEntry>& entries,
                                          const std::string& name) {
  return TreeBuilder(entries, name).build();
}

Result<ImportedFabric> fabric_from_slurm_conf(std::string_view text, const std::string& name) {
  std::vector<SwitchEntry> entries;
  std::istringstream lines{std::string(text)};
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    Result<std::optional<SwitchEntry>> entry = parse_line(line, ++number, name);
    if (!entry) return fail(entry.error());
    if (entry->has_value()) add_entry(**std::move(entry), entries);
  }
  return fabric_of_switches(entries, name);
}

Result<ImportedFabric> fabric_from_slurm_yaml(std::string_view text, const std::string& name) {
  Problems problems;
  YamlFile file(name, problems);
  const std::optional<YAML::Node> root = file.parse(text);
  if (root && !root->IsSequence()) file.report(*root, "", "expected a list of topologies");
  std::vector<SwitchEntry> entries;
  bool chosen = false;
  for (std::size_t i = 0; root && root->IsSequence() && i < root->size(); ++i) {
    YamlMap topology(file, (*root)[i], "topology[" + std::to_string(i) + "]",
                     {"topology", "cluster_default", "tree", "block", "flat"});
    const bool is_default = topology.boolean("cluster_default", false);
    const bool readable = topology.has("tree") || topology.has("block");
    if (!readable || (chosen && !is_default)) continue;
    entries = yaml_entries(file, topology);
    chosen = true;
  }
  if (!problems.empty()) return fail(to_error(problems));
  return fabric_of_switches(entries, name);
}

}  // namespace usine::discovery
