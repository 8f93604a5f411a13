// ibnetdiscover's listing of an InfiniBand fabric, and the choice of the reader for a file.
#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "topology/discovery/fabric_import.h"
#include "topology/discovery/yaml_map.h"

namespace usine::discovery {

namespace {

struct IbSwitch {
  std::string name;
  std::set<std::string> hosts;     // by name
  std::set<std::string> switches;  // by guid
};

struct Listing {
  std::map<std::string, IbSwitch> switches;  // by guid
  std::size_t unnamed_adapters = 0;
};

std::string between(const std::string& text, const std::string& begin, const std::string& end,
                    std::size_t from = 0) {
  const std::size_t start = text.find(begin, from);
  if (start == std::string::npos) return {};
  const std::size_t first = start + begin.size();
  const std::size_t last = text.find(end, first);
  return last == std::string::npos ? std::string() : text.substr(first, last - first);
}

// The text in quotes after the '#': what the operator called the thing.
std::string description(const std::string& line) {
  const std::size_t comment = line.find('#');
  return comment == std::string::npos ? std::string() : between(line, "\"", "\"", comment);
}

// "MF0;A09-P1-IBLEAF-04-04:MQM9701/U1" is A09-P1-IBLEAF-04-04.
std::string switch_name(const std::string& text) {
  const std::size_t semicolon = text.find(';');
  const std::string name = semicolon == std::string::npos ? text : text.substr(semicolon + 1);
  return name.substr(0, name.find(':'));
}

// "a08-dgx-04-c01 mlx5_5" is a host's adapter. What is not named so is an adapter whose host has
// not told its name, or a part of a switch; names that fresh installations give tell no host.
std::string host_name(const std::string& text) {
  std::istringstream words(text);
  std::string host;
  std::string adapter;
  std::string rest;
  words >> host >> adapter >> rest;
  const bool told = !adapter.empty() && rest.empty() && host != "localhost" && host != "ubuntu";
  return told ? host : "";
}

Listing parse_listing(std::string_view text) {
  Listing listing;
  std::istringstream lines{std::string(text)};
  IbSwitch* current = nullptr;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("Switch")) {
      current = &listing.switches[between(line, "\"S-", "\"")];
      current->name = switch_name(description(line));
    } else if (!line.starts_with('[')) {
      current = nullptr;  // an adapter's own listing says again what its switch has said
    } else if (current != nullptr) {
      const std::string other = between(line, "\"S-", "\"");
      const std::string host = other.empty() ? host_name(description(line)) : "";
      if (!other.empty()) {
        current->switches.insert(other);
      } else if (!host.empty()) {
        current->hosts.insert(host);
      } else {
        ++listing.unnamed_adapters;
      }
    }
  }
  return listing;
}

// Groups of things that are joined, directly or over others.
class Groups {
 public:
  // A name for the group of `key`, the same for all of its members.
  std::string of(const std::string& key) {
    std::string at = key;
    while (true) {
      const auto up = up_.find(at);
      if (up == up_.end() || up->second == at) return at;
      at = up->second;
    }
  }
  void join(const std::string& a, const std::string& b) {
    const std::string from = of(a);
    const std::string to = of(b);
    if (from != to) up_[std::max(from, to)] = std::min(from, to);
  }

 private:
  std::map<std::string, std::string> up_;
};

// What the names of a group's switches begin with, in whole words: "A09-IBLEAF-04" for the rails
// A09-IBLEAF-04-01 to A09-IBLEAF-04-04.
std::string common_name(const std::vector<std::string>& names) {
  constexpr const char* kSeparators = "-_./";
  std::string common = names.front();
  for (const std::string& name : names) {
    const auto [end, other] = std::ranges::mismatch(common, name);
    common.erase(end, common.end());
  }
  if (names.size() == 1) return common;
  const std::size_t last = common.find_last_of(kSeparators);
  common.erase(last == std::string::npos ? 0 : last);
  return common;
}

class IbTree {
 public:
  explicit IbTree(Listing listing) : listing_(std::move(listing)) {}

  ImportedFabric build() {
    found_.fabric.domains.push_back({"site", DomainKind::kSite, DomainId{0}});
    names_.insert("site");
    std::map<std::string, std::vector<std::string>> leaves;  // group -> guids of its switches
    for (const auto& [guid, one] : listing_.switches) {
      if (one.hosts.empty()) continue;
      for (const std::string& host : one.hosts) leaf_groups_.join("S" + guid, "H" + host);
    }
    for (const auto& [guid, one] : listing_.switches) {
      if (!one.hosts.empty()) leaves[leaf_groups_.of("S" + guid)].push_back(guid);
    }
    std::map<std::string, std::vector<std::string>> cells;  // group -> groups of leaves
    for (const auto& [group, guids] : leaves) join_over_next_tier(group, guids);
    for (const auto& [group, guids] : leaves) cells[cell_groups_.of(group)].push_back(group);
    for (const auto& [cell, groups] : cells) {
      DomainId parent{0};
      if (cells.size() > 1) parent = add("cell", DomainKind::kCell, parent);
      for (const std::string& group : groups) add_leaf(leaves[group], parent);
    }
    remark();
    return std::move(found_);
  }

 private:
  void join_over_next_tier(const std::string& group, const std::vector<std::string>& guids) {
    for (const std::string& guid : guids) {
      for (const std::string& up : listing_.switches[guid].switches) {
        cell_groups_.join(group, "up" + up);
      }
    }
  }

  void add_leaf(const std::vector<std::string>& guids, DomainId parent) {
    std::vector<std::string> names;
    std::set<std::string> hosts;
    for (const std::string& guid : guids) {
      const IbSwitch& one = listing_.switches[guid];
      names.push_back(one.name);
      hosts.insert(one.hosts.begin(), one.hosts.end());
    }
    const DomainId leaf = add(common_name(names), DomainKind::kLeaf, parent);
    for (const std::string& host : hosts) found_.nodes.push_back({host, leaf});
    rails_ = std::max(rails_, guids.size());
  }

  // Numbered where the name is taken or too short to tell anything.
  DomainId add(const std::string& wanted, DomainKind kind, DomainId parent) {
    constexpr std::size_t kShort = 3;
    const std::string stem = wanted.size() < kShort ? std::string(to_string(kind)) : wanted;
    std::string name = stem;
    for (int number = 1; stem == "cell" || stem == "leaf" || names_.contains(name); ++number) {
      name = stem + std::to_string(number);
      if (!names_.contains(name)) break;
    }
    names_.insert(name);
    std::vector<Domain>& domains = found_.fabric.domains;
    domains.push_back({name, kind, parent});
    return DomainId{static_cast<std::uint32_t>(domains.size() - 1)};
  }

  void remark() {
    if (rails_ > 1) {
      found_.remarks.push_back("wired by rails: up to " + std::to_string(rails_) +
                               " switches make one leaf");
    }
    if (listing_.unnamed_adapters > 0) {
      found_.remarks.push_back(std::to_string(listing_.unnamed_adapters) +
                               " ports lead to adapters that name no host; left out");
    }
  }

  Listing listing_;
  Groups leaf_groups_;
  Groups cell_groups_;
  std::set<std::string> names_;
  std::size_t rails_ = 0;
  ImportedFabric found_;
};

}  // namespace

Result<ImportedFabric> fabric_from_ibnetdiscover(std::string_view text, const std::string& name) {
  Listing listing = parse_listing(text);
  if (listing.switches.empty()) {
    return fail(ErrorCode::kInvalid, name + ": lists no switch, so it is no fabric");
  }
  ImportedFabric found = IbTree(std::move(listing)).build();
  if (found.nodes.empty()) {
    return fail(ErrorCode::kInvalid, name + ": no adapter in it names its host");
  }
  return found;
}

Result<ImportedFabric> load_fabric(const std::string& path) {
  const Result<std::string> text = read_text_file(path);
  if (!text) return fail(text.error().within(path));
  if (text->contains("switchguid=") || text->contains("caguid=")) {
    return fabric_from_ibnetdiscover(*text, path);
  }
  if (text->contains("SwitchName=") || text->contains("BlockName=")) {
    return fabric_from_slurm_conf(*text, path);
  }
  if (text->contains("topology:")) return fabric_from_slurm_yaml(*text, path);
  return fail(ErrorCode::kInvalid, path +
                                       ": is neither Slurm's topology.conf or topology.yaml nor "
                                       "output of ibnetdiscover");
}

}  // namespace usine::discovery
