#include "topology/discovery/machine.h"

#include "topology/discovery/embedded_machines.h"
#include "topology/discovery/hwloc_shape.h"
#include "topology/discovery/nccl_shape.h"
#include "topology/discovery/yaml_map.h"

namespace usine::discovery {

namespace {

std::string names_of_shipped() {
  std::string names;
  for (const auto& [name, text] : embedded_machines()) {
    names += names.empty() ? "" : ", ";
    names += name;
  }
  return names;
}

}  // namespace

std::vector<ShippedMachine> shipped_machines() {
  std::vector<ShippedMachine> machines;
  for (const auto& [name, text] : embedded_machines()) machines.push_back({name, text});
  return machines;
}

Result<NodeShape> shipped_machine(std::string_view name) {
  for (const auto& [known, text] : embedded_machines()) {
    if (known != name) continue;
    Problems problems;
    NodeShape shape = parse_machine(text, std::string(name) + ".yaml", problems);
    if (!problems.empty()) return fail(to_error(problems));
    return shape;
  }
  return fail(ErrorCode::kNotFound, "no machine is called '" + std::string(name) +
                                        "'; Usine ships " + names_of_shipped());
}

Result<NodeShape> load_machine(const std::string& name_or_path) {
  const bool is_path = name_or_path.find_first_of("/.") != std::string::npos;
  if (!is_path) {
    Result<NodeShape> shipped = shipped_machine(name_or_path);
    if (shipped || shipped.error().code != ErrorCode::kNotFound) return shipped;
  }
  Result<std::string> text = read_text_file(name_or_path);
  if (!text) {
    if (text.error().code != ErrorCode::kNotFound) {
      return fail(text.error().within(name_or_path));
    }
    return fail(ErrorCode::kNotFound, "no file and no shipped machine is called '" + name_or_path +
                                          "'; Usine ships " + names_of_shipped());
  }
  if (text->contains("<topology")) return shape_from_hwloc_text(*text, name_or_path);
  if (text->contains("<system")) return shape_from_nccl_text(*text, name_or_path);
  Problems problems;
  NodeShape shape = parse_machine(*text, name_or_path, problems);
  if (!problems.empty()) return fail(to_error(problems));
  return shape;
}

}  // namespace usine::discovery
