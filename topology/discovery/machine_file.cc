// parse_machine: the form of examples/machines/*.yaml.
#include <algorithm>
#include <set>

#include "topology/discovery/machine.h"
#include "topology/discovery/yaml_map.h"

namespace usine::discovery {

namespace {

constexpr IntegerRange kPlaces{0, 1023};

std::string element(const std::string& list, std::size_t index) {
  return list + '[' + std::to_string(index) + ']';
}

// "0000:1b:00.0" in lower case: domain, bus, device, function.
bool is_bus_id(const std::string& text) {
  static constexpr std::string_view kForm = "xxxx:xx:xx.x";
  if (text.size() != kForm.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hex = (text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f');
    if (kForm[i] == 'x' ? !is_hex : text[i] != kForm[i]) return false;
  }
  return true;
}

// Reads one machine file into one shape. The order of the calls in read() matters: devices refer
// to NUMA domains, links to GPUs.
class MachineReader {
 public:
  MachineReader(YamlFile& file, const YAML::Node& root)
      : map_(file, root, "",
             {"name", "description", "threads_per_core", "numa_nodes", "gpu", "gpus", "nics",
              "gpu_links"}) {}

  NodeShape read() {
    shape_.name = map_.required_text("name");
    read_numa_nodes();
    read_gpus();
    read_nics();
    read_links();
    for (const std::string& fault : shape_.faults()) map_.report("name", fault);
    return std::move(shape_);
  }

 private:
  void read_numa_nodes() {
    const std::vector<YAML::Node> nodes = map_.list("numa_nodes");
    if (nodes.empty()) map_.report("numa_nodes", "at least one NUMA domain is needed");
    std::vector<std::int64_t> cores_of(nodes.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      YamlMap entry(map_.file(), nodes[i], element("numa_nodes", i),
                    {"package", "cores", "memory", "gpu_memory"});
      const bool gpu_memory = entry.boolean("gpu_memory", false);
      const auto package = static_cast<std::int16_t>(entry.integer("package", kPlaces, 0));
      const std::optional<std::int64_t> memory = entry.memory_mib("memory");
      if (!entry.has("memory")) entry.report("memory", "is missing");
      if (!gpu_memory && !entry.has("cores")) entry.report("cores", "is missing");
      cores_of[i] = entry.integer("cores", {gpu_memory ? 0 : 1, CoreSet::kCapacity}, 0);
      shape_.numa_nodes.push_back(
          {static_cast<std::uint32_t>(i), package, memory.value_or(0), gpu_memory});
      shape_.packages = std::max(shape_.packages, static_cast<std::int16_t>(package + 1));
    }
    add_cores(cores_of);
  }

  // Linux numbers the first threads of all cores, then their second threads.
  void add_cores(const std::vector<std::int64_t>& cores_of) {
    const std::int64_t threads = map_.integer("threads_per_core", {1, 8}, 1);
    std::uint32_t total = 0;
    for (const std::int64_t cores : cores_of) total += static_cast<std::uint32_t>(cores);
    std::uint32_t next = 0;
    for (std::size_t numa = 0; numa < cores_of.size(); ++numa) {
      for (std::int64_t i = 0; i < cores_of[numa]; ++i, ++next) {
        CoreShape core{shape_.numa_nodes[numa].package, static_cast<std::int16_t>(numa), {}};
        for (std::uint32_t t = 0; t < threads; ++t) core.pus.push_back(next + t * total);
        shape_.cores.push_back(std::move(core));
      }
    }
  }

  void read_gpus() {
    std::string model;
    std::int64_t memory_mib = 0;
    if (map_.has("gpu")) {
      YamlMap common(map_.file(), map_.child("gpu"), "gpu", {"model", "memory"});
      model = common.required_text("model");
      memory_mib = common.memory_mib("memory").value_or(0);
    }
    const std::vector<YAML::Node> nodes = map_.list("gpus");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      YamlMap entry(map_.file(), nodes[i], element("gpus", i),
                    {"bus_id", "model", "memory", "numa", "pci_switch"});
      GpuShape gpu;
      gpu.bus_id = read_bus_id(entry);
      gpu.model = entry.text("model", model);
      gpu.memory_mib = entry.memory_mib("memory").value_or(memory_mib);
      gpu.numa = read_place(entry, "numa");
      gpu.pci_switch = read_place(entry, "pci_switch");
      shape_.gpus.push_back(std::move(gpu));
    }
  }

  void read_nics() {
    std::set<std::string> names;
    const std::vector<YAML::Node> nodes = map_.list("nics");
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      YamlMap entry(map_.file(), nodes[i], element("nics", i),
                    {"name", "bus_id", "numa", "pci_switch"});
      NicShape nic;
      nic.name = entry.required_text("name");
      nic.bus_id = read_bus_id(entry);
      nic.numa = read_place(entry, "numa");
      nic.pci_switch = read_place(entry, "pci_switch");
      if (!names.insert(nic.name).second) entry.report("name", "two NICs are called so");
      shape_.nics.push_back(std::move(nic));
    }
  }

  void read_links() {
    const std::vector<YAML::Node> nodes = map_.list("gpu_links");
    if (nodes.empty()) return;
    shape_.gpu_links_mbps.assign(shape_.gpus.size() * shape_.gpus.size(), 0);
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      YamlMap entry(map_.file(), nodes[i], element("gpu_links", i), {"gpus", "gb_s"});
      if (!entry.has("gb_s")) entry.report("gb_s", "is missing");
      const std::int64_t mbps = entry.thousandths("gb_s", {1, 100'000'000}, 0);
      link_all(linked_gpus(entry), static_cast<std::uint32_t>(mbps));
    }
  }

  void link_all(const std::vector<std::size_t>& gpus, std::uint32_t mbps) {
    for (const std::size_t a : gpus) {
      for (const std::size_t b : gpus) {
        if (a != b) shape_.gpu_links_mbps[a * shape_.gpus.size() + b] = mbps;
      }
    }
  }

  // The GPUs that one entry of gpu_links joins, each with each: "all", or a list of two or more.
  std::vector<std::size_t> linked_gpus(YamlMap& entry) {
    std::vector<std::size_t> linked;
    if (entry.child("gpus").IsScalar() && entry.text("gpus") == "all") {
      for (std::size_t i = 0; i < shape_.gpus.size(); ++i) linked.push_back(i);
      return linked;
    }
    for (const std::string& text : entry.texts("gpus")) {
      std::size_t gpu = 0;
      while (gpu < shape_.gpus.size() && std::to_string(gpu) != text) ++gpu;
      if (gpu == shape_.gpus.size()) {
        entry.report("gpus", "there is no GPU '" + text + "' among the " +
                                 std::to_string(shape_.gpus.size()) + ", counted from 0");
      } else {
        linked.push_back(gpu);
      }
    }
    if (linked.size() < 2) entry.report("gpus", "expected 'all' or a list of at least two GPUs");
    return linked;
  }

  std::string read_bus_id(YamlMap& entry) {
    std::string bus_id = entry.required_text("bus_id");
    if (bus_id.empty()) return bus_id;
    if (!is_bus_id(bus_id)) {
      entry.report("bus_id", "expected the form 0000:1b:00.0, found '" + bus_id + "'");
    } else if (!bus_ids_.insert(bus_id).second) {
      entry.report("bus_id", "two devices have the bus id " + bus_id);
    }
    return bus_id;
  }

  static std::int16_t read_place(YamlMap& entry, const std::string& key) {
    return static_cast<std::int16_t>(entry.integer(key, kPlaces, kUnknownPlace));
  }

  YamlMap map_;
  NodeShape shape_;
  std::set<std::string> bus_ids_;
};

}  // namespace

NodeShape parse_machine(std::string_view yaml, const std::string& file, Problems& problems) {
  const auto known = static_cast<std::ptrdiff_t>(problems.size());
  YamlFile source(file, problems);
  const std::optional<YAML::Node> root = source.parse(yaml);
  if (!root) return {};
  if (!root->IsMap()) {
    source.report(*root, "", "expected a machine file: name, numa_nodes, gpus, nics, gpu_links");
    return {};
  }
  NodeShape shape = MachineReader(source, *root).read();
  std::stable_sort(problems.begin() + known, problems.end(),
                   [](const Problem& a, const Problem& b) { return a.line < b.line; });
  return shape;
}

Result<NodeShape> shape_from_machine_file(const std::string& path) {
  Result<std::string> text = read_text_file(path);
  if (!text) return fail(text.error().within(path));
  Problems problems;
  NodeShape shape = parse_machine(*text, path, problems);
  if (!problems.empty()) return fail(to_error(problems));
  return shape;
}

}  // namespace usine::discovery
