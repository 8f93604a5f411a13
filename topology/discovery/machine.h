// Shapes of nodes by name or by file: the machines that Usine ships, our own machine files, hwloc
// XML and NCCL XML. Files are read when asked; nothing is cached.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "topology/discovery/problem.h"
#include "topology/node_shape.h"

namespace usine::discovery {

struct ShippedMachine {
  std::string_view name;  // "dgx-h100"
  std::string_view yaml;  // its machine file, compiled in
};

// The machines of examples/machines, by name.
[[nodiscard]] std::vector<ShippedMachine> shipped_machines();

// Error: kNotFound, listing the names.
[[nodiscard]] Result<NodeShape> shipped_machine(std::string_view name);

// A shipped machine's name or the path of a file, whose kind is told by its content: hwloc XML,
// NCCL topology XML or a machine file. Errors: kNotFound, kIo, kInvalid, naming the file.
[[nodiscard]] Result<NodeShape> load_machine(const std::string& name_or_path);

// The form of examples/machines/*.yaml. Everything wrong with it is added to `problems`; the shape
// is meaningful only where nothing was.
[[nodiscard]] NodeShape parse_machine(std::string_view yaml, const std::string& file,
                                      Problems& problems);

[[nodiscard]] Result<NodeShape> shape_from_machine_file(const std::string& path);

}  // namespace usine::discovery
