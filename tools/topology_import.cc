#include "tools/topology_import.h"

#include <map>
#include <vector>

#include "common/hostlist.h"

namespace usine::tools {

namespace {

using discovery::ImportedFabric;
using discovery::ImportedNode;

std::string quoted(const std::string& text) { return '"' + text + '"'; }

class Writer {
 public:
  explicit Writer(const ImportedFabric& imported) : imported_(imported) {
    const std::vector<Domain>& domains = imported.fabric.domains;
    for (std::uint32_t i = 1; i < domains.size(); ++i) {
      children_[domains[i].parent].push_back(DomainId{i});
    }
    for (const ImportedNode& node : imported.nodes) nodes_[node.leaf].push_back(node.name);
  }

  std::string write(const std::string& machine) {
    for (const std::string& remark : imported_.remarks) text_ += "# " + remark + "\n";
    text_ += "cluster: imported\nclasses:\n  node: {machine: " + quoted(machine) + "}\nfabric:\n";
    write_domain(DomainId{0}, "  ", "  ");
    text_ += "nodes:\n";
    for (std::uint32_t i = 0; i < imported_.fabric.domains.size(); ++i) {
      const auto nodes = nodes_.find(DomainId{i});
      if (nodes == nodes_.end()) continue;
      text_ += "  - {names: " + quoted(compress_hostlist(nodes->second)) +
               ", class: node, leaf: " + quoted(name_of(DomainId{i})) + "}\n";
    }
    return text_;
  }

 private:
  [[nodiscard]] const std::string& name_of(DomainId domain) const {
    return imported_.fabric.domains[domain.value].name;
  }

  void write_domain(DomainId domain, const std::string& first, const std::string& rest) {
    const Domain& self = imported_.fabric.domains[domain.value];
    text_ += first + std::string(to_string(self.kind)) + ": " + quoted(self.name) + "\n";
    write_children(domain, rest);
  }

  // Leaves side by side are one entry.
  void write_children(DomainId domain, const std::string& indent) {
    const auto children = children_.find(domain);
    if (children == children_.end()) return;
    text_ += indent + "children:\n";
    std::vector<std::string> leaves;
    for (const DomainId child : children->second) {
      if (imported_.fabric.domains[child.value].kind == DomainKind::kLeaf) {
        leaves.push_back(name_of(child));
        continue;
      }
      write_leaves(leaves, indent);
      write_domain(child, indent + "  - ", indent + "    ");
    }
    write_leaves(leaves, indent);
  }

  void write_leaves(std::vector<std::string>& leaves, const std::string& indent) {
    if (leaves.empty()) return;
    text_ += indent + "  - leaf: " + quoted(compress_hostlist(leaves)) + "\n";
    leaves.clear();
  }

  const ImportedFabric& imported_;
  std::map<DomainId, std::vector<DomainId>> children_;
  std::map<DomainId, std::vector<std::string>> nodes_;
  std::string text_;
};

}  // namespace

std::string cluster_yaml(const ImportedFabric& imported, const std::string& machine) {
  return Writer(imported).write(machine);
}

Result<std::string> import_fabric(const std::string& path, const std::string& machine) {
  const Result<ImportedFabric> imported = discovery::load_fabric(path);
  if (!imported) return fail(imported.error());
  return cluster_yaml(*imported, machine);
}

}  // namespace usine::tools
