#include "config/fabric_yaml.h"

#include <algorithm>

#include "common/hostlist.h"

namespace usine::config {

namespace {

using discovery::YamlFile;
using discovery::YamlMap;

// Stands in a domain's name for that of its parent.
constexpr std::string_view kParentMark = "{}";
// Faults of one fabric that are told; a pattern can repeat one mistake a thousand times.
constexpr std::size_t kFaultsTold = 8;

std::string with_parent(std::string text, const std::string& parent) {
  for (std::size_t at = text.find(kParentMark); at != std::string::npos;
       at = text.find(kParentMark, at + parent.size())) {
    text.replace(at, kParentMark.size(), parent);
  }
  return text;
}

class FabricReader {
 public:
  explicit FabricReader(YamlFile& file) : file_(file) {}

  Fabric read(const YAML::Node& node) {
    add(node, "fabric", {});
    if (!fabric_.domains.empty()) report_faults(node);
    return std::move(fabric_);
  }

 private:
  void report_faults(const YAML::Node& node) {
    const std::vector<std::string> faults = fabric_.faults();
    for (std::size_t i = 0; i < std::min(faults.size(), kFaultsTold); ++i) {
      file_.report(node, "fabric", faults[i]);
    }
    if (faults.size() <= kFaultsTold) return;
    file_.report(node, "fabric", std::to_string(faults.size() - kFaultsTold) + " more of the kind");
  }

  // One entry and what lies in it. `parents` are the domains that the entry above stands for, none
  // for the root. The recursion is as deep as the YAML is nested, which its parser bounds.
  void add(const YAML::Node& node, const std::string& path, const std::vector<DomainId>& parents) {
    std::vector<std::string> keys;
    for (const DomainKind kind : kDomainKinds) keys.emplace_back(to_string(kind));
    std::string known;
    for (const std::string& key : keys) known += (known.empty() ? "" : ", ") + key;
    keys.insert(keys.end(), {"children", "kind", "dimensions"});
    YamlMap map(file_, node, path, keys);
    std::string kind_key;
    DomainKind kind = DomainKind::kSite;
    for (const DomainKind candidate : kDomainKinds) {
      const std::string key(to_string(candidate));
      if (!map.has(key)) continue;
      if (!kind_key.empty()) map.report(key, "one domain cannot be a " + kind_key + " as well");
      kind_key = key;
      kind = candidate;
    }
    if (kind_key.empty()) {
      if (node.IsMap()) file_.report(node, path, "needs one of the keys " + known);
      return;
    }
    const std::vector<DomainId> added = add_named(map, kind_key, kind, parents);
    if (added.empty()) return;
    read_wiring(map, added);
    const std::vector<YAML::Node> children = map.list("children");
    for (std::size_t i = 0; i < children.size(); ++i) {
      add(children[i], map.path_of("children") + '[' + std::to_string(i) + ']', added);
    }
  }

  // How the children of these domains are joined.
  void read_wiring(YamlMap& map, const std::vector<DomainId>& domains) {
    const std::string word = map.text("kind", "tree");
    const auto* const wiring =
        std::ranges::find(kWirings, word, [](Wiring one) { return to_string(one); });
    if (wiring == kWirings.end()) {
      std::string known;
      for (const Wiring one : kWirings)
        known += (known.empty() ? "" : ", ") + std::string(to_string(one));
      return map.report("kind", "expected one of " + known + ", found '" + word + "'");
    }
    for (const DomainId domain : domains) fabric_.domains[domain.value].wiring = *wiring;
    if (*wiring == Wiring::kTorus) return read_dimensions(map, domains);
    if (map.has("dimensions")) map.report("dimensions", "only a torus has dimensions");
  }

  void read_dimensions(YamlMap& map, const std::vector<DomainId>& domains) {
    const auto size = parse_torus_size(map.required_text("dimensions"));
    if (!size) return map.report("dimensions", size.error().message);
    for (const DomainId domain : domains) fabric_.domains[domain.value].dimensions = *size;
  }

  // The domains that one entry's name stands for, under each of the parents.
  std::vector<DomainId> add_named(YamlMap& map, const std::string& key, DomainKind kind,
                                  const std::vector<DomainId>& parents) {
    const std::string text = map.required_text(key);
    if (text.empty()) return {};
    if (parents.empty()) return add_root(map, key, kind);
    if (parents.size() > 1 && text.find(kParentMark) == std::string::npos) {
      map.report(key, "the entry above stands for " + std::to_string(parents.size()) +
                          " domains, so the name needs a {}, which their names take the place of");
      return {};
    }
    std::vector<DomainId> added;
    for (const DomainId parent : parents) {
      const auto names = expand_hostlist(with_parent(text, fabric_.domains[parent.value].name));
      if (!names || fabric_.domains.size() + names->size() > kHostlistMax) {
        map.report(key, names ? "the fabric has more than " + std::to_string(kHostlistMax) +
                                    " domains with these"
                              : names.error().message);
        return {};
      }
      for (const std::string& name : *names) {
        added.push_back(DomainId{static_cast<std::uint32_t>(fabric_.domains.size())});
        fabric_.domains.push_back({name, kind, parent});
      }
    }
    return added;
  }

  std::vector<DomainId> add_root(YamlMap& map, const std::string& key, DomainKind kind) {
    const auto names = expand_hostlist(map.required_text(key));
    if (!names || names->size() != 1) {
      map.report(key, names ? "the whole is one domain, not a list" : names.error().message);
      return {};
    }
    fabric_.domains.push_back({names->front(), kind, DomainId{0}});
    return {DomainId{0}};
  }

  YamlFile& file_;
  Fabric fabric_;
};

}  // namespace

Fabric read_fabric(YamlFile& file, const YAML::Node& node) { return FabricReader(file).read(node); }

}  // namespace usine::config
