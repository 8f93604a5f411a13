// Node shapes from hwloc: this machine as it is, or an XML file that lstopo wrote on another one;
// and the way back, so that every shape can be handed to programs that speak hwloc. Library errors
// end here; hwloc's own messages are kept off standard error.
#pragma once

#include <string>

#include "common/result.h"
#include "topology/node_shape.h"

namespace usine::discovery {

// Errors: kNotFound or kIo for the file, kInvalid where hwloc cannot read it, naming the file.
[[nodiscard]] Result<NodeShape> shape_from_hwloc_xml(const std::string& path);

// The same from memory; `name` names the shape and stands for the file in messages.
[[nodiscard]] Result<NodeShape> shape_from_hwloc_text(const std::string& xml,
                                                      const std::string& name);

[[nodiscard]] Result<NodeShape> shape_from_this_machine();

// hwloc 2 XML of a shape: packages, NUMA domains, cores, threads, bridges, GPUs, NICs and the
// bandwidth between GPUs. Loading it again gives the same shape.
[[nodiscard]] std::string to_hwloc_xml(const NodeShape& shape);

}  // namespace usine::discovery
