// The `fabric:` part of a cluster file: nested domains from the site down to the leaf switches.
#pragma once

#include <string>

#include "topology/discovery/yaml_map.h"
#include "topology/fabric.h"

namespace usine::config {

// A domain is written `{kind: name, children: [...]}` with kind site, cell, rack or leaf; kinds may
// be left out between two levels. A domain without children may stand for several: `leaf: l[1-8]`.
// Faults are reported to `file`; the fabric then has what could be read.
[[nodiscard]] Fabric read_fabric(discovery::YamlFile& file, const YAML::Node& node);

}  // namespace usine::config
