// A node's shape as a picture: packages with their NUMA domains, cores, and the GPUs and NICs that
// hang on each, side by side; below them the links between GPUs. Pure.
#pragma once

#include <string>

#include "topology/node_shape.h"

namespace usine::tools {

// An SVG document.
[[nodiscard]] std::string draw_svg(const NodeShape& shape);

}  // namespace usine::tools
