// Fabrics from what sites already have: Slurm's topology.conf and topology.yaml, and the output of
// ibnetdiscover. The result is the tree of placement domains with the nodes that hang on its
// leaves.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "topology/fabric.h"

namespace usine::discovery {

struct ImportedNode {
  std::string name;
  DomainId leaf;

  friend bool operator==(const ImportedNode&, const ImportedNode&) = default;
};

struct ImportedFabric {
  Fabric fabric;
  std::vector<ImportedNode> nodes;   // by leaf, then in the order of the file
  std::vector<std::string> remarks;  // what was left out or guessed, for people

  friend bool operator==(const ImportedFabric&, const ImportedFabric&) = default;
};

// One switch of a tree, or one block, as the two forms of Slurm's file name them.
struct SwitchEntry {
  std::string name;
  std::vector<std::string> children;  // switches
  std::vector<std::string> nodes;
  int line = 0;
  bool is_block = false;  // nodes that share more than a switch: an NVLink domain
};

// The tree of these switches: the top is the site, switches with nodes are leaves, those between
// are racks and cells; a block is a rack with one leaf. Several tops are put under one site. Error:
// kInvalid with file and line for a switch that is missing, has two parents or is its own ancestor,
// and for a tree that is deeper.
[[nodiscard]] Result<ImportedFabric> fabric_of_switches(const std::vector<SwitchEntry>& entries,
                                                        const std::string& name);

// SwitchName= and BlockName= lines. `name` stands for the file in messages.
[[nodiscard]] Result<ImportedFabric> fabric_from_slurm_conf(std::string_view text,
                                                            const std::string& name);

// The `tree` or `block` of topology.yaml; the one marked cluster_default where there are several.
[[nodiscard]] Result<ImportedFabric> fabric_from_slurm_yaml(std::string_view text,
                                                            const std::string& name);

// On a fabric wired by rails a node's adapters hang on several leaf switches; nodes that share one
// share them all, and such a group of switches becomes one leaf. Groups that meet in the next tier
// make a cell, where there are several cells.
[[nodiscard]] Result<ImportedFabric> fabric_from_ibnetdiscover(std::string_view text,
                                                               const std::string& name);

// Any of these, told apart by content. Errors: kNotFound, kIo, kInvalid, naming the file.
[[nodiscard]] Result<ImportedFabric> load_fabric(const std::string& path);

}  // namespace usine::discovery
