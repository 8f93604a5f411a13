#include "tools/fabric_show.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/hostlist.h"
#include "config/cluster_file.h"

namespace usine::tools {
namespace {

using Json = nlohmann::ordered_json;

std::string count(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

// The domain and what is below it, without names and without what is idle: siblings of equal forms
// are drawn as one.
std::string form_of(const Fabric& fabric, const FabricSums& sums, std::uint32_t domain) {
  const DomainSum& sum = sums.domains[domain];
  std::string form = std::string(to_string(fabric.domains[domain].kind)) + ' ' +
                     std::string(to_string(fabric.domains[domain].wiring)) + ' ' +
                     std::to_string(sum.nodes) + ' ' + std::to_string(sum.gpus) + '(';
  for (const std::uint32_t child : sum.children) form += form_of(fabric, sums, child) + ',';
  return form + ')';
}

// Of what is no tree.
std::string wiring_text(const Domain& domain) {
  if (domain.wiring == Wiring::kTree) return {};
  const std::string size = domain.dimensions.empty() ? "" : " of " + to_string(domain.dimensions);
  return "  (" + std::string(to_string(domain.wiring)) + size + ')';
}

using Domains = std::vector<std::uint32_t>;

class TreeDrawing {
 public:
  TreeDrawing(const ClusterConfig& config, const FabricSums& sums, bool live)
      : fabric_(config.fabric), sums_(sums), live_(live) {}

  std::vector<std::string> lines() {
    draw({0}, {0}, "", "");
    return std::move(lines_);
  }

 private:
  // `siblings` are drawn as one, which stands for `all` domains of that form below the same ones.
  void draw(const Domains& siblings, const Domains& all, const std::string& front,
            const std::string& below) {
    std::vector<std::string> names;
    for (const std::uint32_t one : siblings) names.push_back(fabric_.domains[one].name);
    const DomainSum& sum = sums_.domains[siblings.front()];
    const DomainKind kind = fabric_.domains[siblings.front()].kind;
    const bool single = siblings.size() == 1;
    std::string line = front;
    line += single ? std::string(to_string(kind))
                   : std::to_string(siblings.size()) + ' ' + plural_of(kind);
    line += ' ' + compress_hostlist(names) + (single ? "  " : "  each ") +
            count(sum.nodes, "node") + ", " + count(sum.gpus, "GPU");
    if (live_) line += ", " + idle_of(all) + " idle";
    line += wiring_text(fabric_.domains[siblings.front()]);
    lines_.push_back(std::move(line));
    const std::vector<Domains> groups = groups_of(sum.children);
    std::size_t first = 0;
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const bool last = i + 1 == groups.size();
      draw(groups[i], children_of(all, first, groups[i].size()), below + (last ? "└─ " : "├─ "),
           below + (last ? "   " : "│  "));
      first += groups[i].size();
    }
  }

  // "7", or "7 to 11".
  [[nodiscard]] std::string idle_of(const Domains& all) const {
    const auto idle = [this](std::uint32_t domain) { return sums_.domains[domain].idle_nodes; };
    const auto [least, most] = std::ranges::minmax(all, {}, idle);
    const std::string text = std::to_string(idle(least));
    return idle(least) == idle(most) ? text : text + " to " + std::to_string(idle(most));
  }

  // The same children of every one, since their forms are equal.
  [[nodiscard]] Domains children_of(const Domains& all, std::size_t first,
                                    std::size_t number) const {
    Domains found;
    for (const std::uint32_t one : all) {
      const Domains& children = sums_.domains[one].children;
      for (std::size_t i = first; i < first + number; ++i) found.push_back(children[i]);
    }
    return found;
  }

  // Neighbours of one form together.
  [[nodiscard]] std::vector<Domains> groups_of(const Domains& children) const {
    std::vector<Domains> groups;
    std::string before;
    for (const std::uint32_t child : children) {
      std::string form = form_of(fabric_, sums_, child);
      if (groups.empty() || form != before) groups.emplace_back();
      groups.back().push_back(child);
      before = std::move(form);
    }
    return groups;
  }

  const Fabric& fabric_;
  const FabricSums& sums_;
  bool live_;
  std::vector<std::string> lines_;
};

// Columns two blanks apart, numbers at the right of theirs.
std::vector<std::string> table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool words = row[i].find_first_not_of("0123456789") != std::string::npos;
      const std::string blanks(widths[i] - row[i].size(), ' ');
      line += (line.empty() ? "" : "  ") + (words ? row[i] + blanks : blanks + row[i]);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> level_lines(const ClusterConfig& config, const FabricSums& sums,
                                     bool live) {
  std::vector<std::vector<std::string>> rows = {
      {"level", "domains", "most nodes", live ? "most idle" : "most", "GPUs", "in"}};
  for (const LevelSum& level : sums.levels) {
    const DomainSum& most = sums.domains[level.roomiest];
    rows.push_back({std::string(to_string(level.level)), std::to_string(level.domains),
                    std::to_string(level.largest_nodes), std::to_string(most.idle_nodes),
                    std::to_string(most.idle_gpus), config.fabric.domains[level.roomiest].name});
  }
  return table(rows);
}

std::vector<std::string> gang_lines(const FabricSums& sums) {
  std::vector<std::vector<std::string>> rows = {{"gang", "GPUs", "fits in", "of which"}};
  for (const GangFit& gang : sums.gangs) {
    rows.push_back({count(gang.nodes, "node"), std::to_string(gang.gpus),
                    gang.level ? "one " + std::string(to_string(*gang.level)) : "nothing",
                    gang.level ? std::to_string(gang.holding) + " of " +
                                     std::to_string(gang.domains) + " could hold one"
                               : ""});
  }
  return table(rows);
}

// Cut at `width` characters, of which one may take several bytes; 0: whole.
std::string cut(const std::string& line, std::size_t width) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if ((static_cast<unsigned char>(line[i]) & 0xC0U) == 0x80U) continue;
    if (++columns >= width && width > 0 && i + 1 < line.size()) return line.substr(0, i) + "…";
  }
  return line;
}

}  // namespace

bool is_cluster_file(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  while (std::getline(file, line)) {
    if (line.starts_with("cluster:")) return true;
  }
  return false;
}

Result<ClusterConfig> load_cluster(const std::string& path) {
  auto file = config::load_cluster_file(path);
  if (file) return std::move(file->cluster);
  return fail(discovery::to_error(file.error()));
}

std::string draw(const ClusterConfig& config, const FabricSums& sums, bool live,
                 std::size_t width) {
  std::vector<std::string> lines = {config.name, ""};
  const auto add = [&lines](std::vector<std::string> more) {
    for (std::string& line : more) lines.push_back(std::move(line));
    lines.emplace_back();
  };
  add(TreeDrawing(config, sums, live).lines());
  add(level_lines(config, sums, live));
  add(gang_lines(sums));
  lines.pop_back();
  std::string text;
  for (const std::string& line : lines) text += cut(line, width) + '\n';
  return text;
}

Json to_json(const ClusterConfig& config, const FabricSums& sums) {
  Json document = {
      {"name", config.name}, {"nodes", config.nodes.size()}, {"gpus", sums.domains.front().gpus}};
  for (const LevelSum& level : sums.levels) {
    const DomainSum& most = sums.domains[level.roomiest];
    document["levels"].push_back({{"level", to_string(level.level)},
                                  {"domains", level.domains},
                                  {"largest_nodes", level.largest_nodes},
                                  {"roomiest", config.fabric.domains[level.roomiest].name},
                                  {"idle_nodes", most.idle_nodes},
                                  {"idle_gpus", most.idle_gpus}});
  }
  for (const GangFit& gang : sums.gangs) {
    document["gangs"].push_back(
        {{"nodes", gang.nodes},
         {"gpus", gang.gpus},
         {"level", gang.level ? Json(to_string(*gang.level)) : Json(nullptr)},
         {"holding", gang.holding},
         {"domains", gang.domains}});
  }
  for (std::size_t i = 0; i < sums.domains.size(); ++i) {
    const Domain& domain = config.fabric.domains[i];
    document["domains"].push_back(
        {{"name", domain.name},
         {"level", to_string(domain.kind)},
         {"kind", to_string(domain.wiring)},
         {"dimensions",
          domain.dimensions.empty() ? Json(nullptr) : Json(to_string(domain.dimensions))},
         {"parent", i == 0 ? Json(nullptr) : Json(config.fabric.domains[domain.parent.value].name)},
         {"nodes", sums.domains[i].nodes},
         {"gpus", sums.domains[i].gpus},
         {"idle_nodes", sums.domains[i].idle_nodes}});
  }
  return document;
}

}  // namespace usine::tools
