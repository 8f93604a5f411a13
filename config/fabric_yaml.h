// The `fabric:` part of a cluster file: nested domains from the whole down to what nodes hang on.
#pragma once

#include <string>

#include "topology/discovery/yaml_map.h"
#include "topology/fabric.h"

namespace usine::config {

// A domain is written `{kind: name, children: [...]}` with a kind of kDomainKinds; kinds may be
// left out between two levels. Every entry but the outermost may stand for several domains, each
// with the same children, in whose names `{}` stands for the parent's:
// `{cell: "u[1-9]", children: [{nvlink: "{}n[1-8]"}]}` is u1n1 to u1n8, u2n1 and so on. Faults are
// reported to `file`; the fabric then has what could be read.
//
// `kind: dragonfly` beside the name says how the domains in it are joined; without it they are a
// tree. `kind: torus, dimensions: 4x4x4` needs 64 domains in it, in the order of their positions.
[[nodiscard]] Fabric read_fabric(discovery::YamlFile& file, const YAML::Node& node);

}  // namespace usine::config
