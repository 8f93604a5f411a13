#include "config/fabric_yaml.h"

#include <array>

#include "common/hostlist.h"

namespace usine::config {

namespace {

using discovery::YamlFile;
using discovery::YamlMap;

constexpr std::array kKinds = {DomainKind::kSite, DomainKind::kCell, DomainKind::kRack,
                               DomainKind::kLeaf};

class FabricReader {
 public:
  explicit FabricReader(YamlFile& file) : file_(file) {}

  Fabric read(const YAML::Node& node) {
    add(node, "fabric", DomainId{0});
    if (!fabric_.domains.empty()) {
      for (const std::string& fault : fabric_.faults()) file_.report(node, "fabric", fault);
    }
    return std::move(fabric_);
  }

 private:
  // The recursion is as deep as the YAML is nested, which its parser bounds.
  void add(const YAML::Node& node, const std::string& path, DomainId parent) {
    YamlMap map(file_, node, path, {"site", "cell", "rack", "leaf", "children"});
    std::string kind_key;
    DomainKind kind = DomainKind::kSite;
    for (const DomainKind candidate : kKinds) {
      const std::string key(to_string(candidate));
      if (!map.has(key)) continue;
      if (!kind_key.empty()) map.report(key, "one domain cannot be a " + kind_key + " as well");
      kind_key = key;
      kind = candidate;
    }
    if (kind_key.empty()) {
      if (node.IsMap()) file_.report(node, path, "needs one of the keys site, cell, rack, leaf");
      return;
    }
    add_named(map, kind_key, kind, parent);
  }

  void add_named(YamlMap& map, const std::string& kind_key, DomainKind kind, DomainId parent) {
    const std::string text = map.required_text(kind_key);
    const Result<std::vector<std::string>> names = expand_hostlist(text);
    if (!names) map.report(kind_key, names.error().message);
    if (!names || names->empty()) return;
    const std::vector<YAML::Node> children = map.list("children");
    const bool is_root = fabric_.domains.empty();
    if (names->size() > 1 && (is_root || !children.empty())) {
      map.report(kind_key, "only domains without children can be written as a list");
      return;
    }
    const DomainId self{static_cast<std::uint32_t>(fabric_.domains.size())};
    for (const std::string& name : *names) fabric_.domains.push_back({name, kind, parent});
    for (std::size_t i = 0; i < children.size(); ++i) {
      add(children[i], map.path_of("children") + '[' + std::to_string(i) + ']', self);
    }
  }

  YamlFile& file_;
  Fabric fabric_;
};

}  // namespace

Fabric read_fabric(YamlFile& file, const YAML::Node& node) { return FabricReader(file).read(node); }

}  // namespace usine::config
