// to_hwloc_xml: a shape as the XML that lstopo would have written on such a machine. hwloc's own
// interface cannot insert PCI devices, so the text is made here and hwloc is its test.
#include <algorithm>
#include <array>
#include <cstdio>
#include <set>

#include "topology/discovery/hwloc_shape.h"

namespace usine::discovery {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;

using Mask = std::set<std::uint32_t>;

// hwloc's form of a bitmap: words of 32 bits, the highest first.
std::string to_hex(const Mask& mask) {
  std::vector<std::uint32_t> words((mask.empty() ? 0 : *mask.rbegin() / 32) + 1);
  for (const std::uint32_t bit : mask) words[bit / 32] |= std::uint32_t{1} << (bit % 32);
  std::string text;
  for (auto word = words.rbegin(); word != words.rend(); ++word) {
    std::array<char, 16> hex{};
    std::snprintf(hex.data(), hex.size(), "0x%08x", *word);
    text += (text.empty() ? "" : ",") + std::string(hex.data());
  }
  return text;
}

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      case '"': result += "&quot;"; break;
      default: result += c;
    }
  }
  return result;
}

struct CpuObject {
  std::string type;
  std::uint32_t os_index = 0;
  Mask pus;
  Mask numas;
};

// The names under which the kernel and the drivers show a device.
struct OsDevice {
  std::string name;
  std::string subtype;
  int type = 0;  // hwloc's number: 1 GPU, 2 network, 3 OpenFabrics
  std::string model;
  std::int64_t memory_mib = 0;
  std::size_t gpu = SIZE_MAX;  // index in the shape's GPUs; SIZE_MAX for a NIC
};

struct PciFunction {
  std::string bus_id;
  std::string type;  // class, vendor and device as hwloc writes them
  std::int16_t numa = kUnknownPlace;
  std::int16_t pci_switch = kUnknownPlace;
  std::vector<OsDevice> os_devices;
};

bool is_amd(const GpuShape& gpu) { return gpu.model.starts_with("AMD"); }

OsDevice os_device_of(const GpuShape& gpu, std::size_t index) {
  OsDevice device;
  device.name = (is_amd(gpu) ? "rsmi" : "nvml") + std::to_string(index);
  device.subtype = is_amd(gpu) ? "RSMI" : "NVML";
  device.type = 1;
  device.model = gpu.model;
  device.memory_mib = gpu.memory_mib;
  device.gpu = index;
  return device;
}

OsDevice os_device_of(const NicShape& nic) {
  OsDevice device;
  device.name = nic.name;
  const bool ethernet = nic.name.starts_with("hsn") || nic.name.starts_with("hsi");
  device.subtype = ethernet ? "Slingshot" : "";
  device.type = ethernet ? 2 : 3;
  return device;
}

// The devices by PCI function, since partitions of a GPU share one ("0000:02:00.0/3").
std::vector<PciFunction> functions_of(const NodeShape& shape) {
  std::vector<PciFunction> functions;
  const auto function_at = [&](const std::string& bus_id) -> PciFunction& {
    const std::string address = bus_id.substr(0, bus_id.find('/'));
    const auto known = std::ranges::find(functions, address, &PciFunction::bus_id);
    if (known != functions.end()) return *known;
    functions.emplace_back().bus_id = address;
    return functions.back();
  };
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    const GpuShape& gpu = shape.gpus[i];
    PciFunction& function = function_at(gpu.bus_id);
    function.type =
        is_amd(gpu) ? "0380 [1002:0000] [1002:0000] 00" : "0302 [10de:0000] [10de:0000] 00";
    function.numa = gpu.numa;
    function.pci_switch = gpu.pci_switch;
    function.os_devices.push_back(os_device_of(gpu, i));
  }
  for (const NicShape& nic : shape.nics) {
    PciFunction& function = function_at(nic.bus_id);
    function.type = "0207 [15b3:0000] [15b3:0000] 00";
    function.numa = nic.numa;
    function.pci_switch = nic.pci_switch;
    function.os_devices.push_back(os_device_of(nic));
  }
  return functions;
}

class Exporter {
 public:
  explicit Exporter(const NodeShape& shape)
      : shape_(shape), functions_(functions_of(shape)), gpu_gp_index_(shape.gpus.size()) {}

  std::string write() {
    xml_ =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n"
        "<topology version=\"2.0\">\n";
    std::set<std::uint32_t> all_numas;
    for (const NumaShape& numa : shape_.numa_nodes) all_numas.insert(numa.os_index);
    const auto any = [](const CoreShape&) { return true; };
    const Mask all = pus_where(any);
    open({"Machine", 0, all, all_numas},
         " allowed_cpuset=\"" + to_hex(all) + "\" allowed_nodeset=\"" + to_hex(all_numas) + '"');
    for (std::int16_t i = 0; i < shape_.packages; ++i) write_package(i);
    write_devices(kUnknownPlace);
    close();
    write_links();
    return xml_ + "</topology>\n";
  }

 private:
  template <typename Predicate>
  [[nodiscard]] Mask pus_where(Predicate wanted) const {
    Mask mask;
    for (const CoreShape& core : shape_.cores) {
      if (wanted(core)) mask.insert(core.pus.begin(), core.pus.end());
    }
    return mask;
  }

  // An object of processors and memory; `more` holds further attributes.
  void open(const CpuObject& object, const std::string& more = {}) {
    const std::string cpuset = to_hex(object.pus);
    const std::string nodeset = to_hex(object.numas);
    xml_ += "<object type=\"" + object.type + "\" os_index=\"" + std::to_string(object.os_index) +
            "\" cpuset=\"" + cpuset + "\" complete_cpuset=\"" + cpuset + "\" nodeset=\"" + nodeset +
            "\" complete_nodeset=\"" + nodeset + "\" gp_index=\"" + std::to_string(++gp_index_) +
            '"' + more + ">\n";
  }
  void close() { xml_ += "</object>\n"; }

  void write_package(std::int16_t package) {
    std::vector<std::int16_t> numas;  // with cores
    Mask nodeset;
    for (std::size_t i = 0; i < shape_.numa_nodes.size(); ++i) {
      if (shape_.numa_nodes[i].package != package) continue;
      nodeset.insert(shape_.numa_nodes[i].os_index);
      if (!shape_.numa_nodes[i].gpu_memory) numas.push_back(static_cast<std::int16_t>(i));
    }
    const Mask pus = pus_where([&](const CoreShape& core) { return core.package == package; });
    open({"Package", static_cast<std::uint32_t>(package), pus, nodeset});
    // hwloc merges a group with a parent of the same processors, so one domain needs none.
    const bool groups = numas.size() > 1;
    if (!groups) write_memory(numas, pus);
    write_gpu_memory(package, pus);
    for (const std::int16_t numa : numas) write_numa(numa, groups);
    write_cores(package, kUnknownPlace);
    close();
  }

  void write_memory(const std::vector<std::int16_t>& numas, const Mask& pus) {
    for (const std::int16_t index : numas) {
      const NumaShape& numa = shape_.numa_nodes[static_cast<std::size_t>(index)];
      open({"NUMANode", numa.os_index, pus, {numa.os_index}},
           " local_memory=\"" + std::to_string(numa.memory_mib * kMiB) + '"');
      close();
    }
  }

  void write_gpu_memory(std::int16_t package, const Mask& pus) {
    for (const NumaShape& numa : shape_.numa_nodes) {
      if (!numa.gpu_memory || numa.package != package) continue;
      open({"NUMANode", numa.os_index, pus, {numa.os_index}},
           " subtype=\"GPUMemory\" local_memory=\"" + std::to_string(numa.memory_mib * kMiB) + '"');
      close();
    }
  }

  void write_numa(std::int16_t numa, bool as_group) {
    const NumaShape& domain = shape_.numa_nodes[static_cast<std::size_t>(numa)];
    if (as_group) {
      const Mask pus = pus_where([&](const CoreShape& core) { return core.numa == numa; });
      open({"Group", domain.os_index, pus, {domain.os_index}}, " kind=\"0\" subkind=\"0\"");
      write_memory({numa}, pus);
    }
    write_cores(domain.package, numa);
    write_devices(numa);
    if (as_group) close();
  }

  void write_cores(std::int16_t package, std::int16_t numa) {
    Mask nodeset;
    if (numa != kUnknownPlace) {
      nodeset.insert(shape_.numa_nodes[static_cast<std::size_t>(numa)].os_index);
    }
    for (std::size_t i = 0; i < shape_.cores.size(); ++i) {
      const CoreShape& core = shape_.cores[i];
      if (core.package != package || core.numa != numa) continue;
      open({"Core", static_cast<std::uint32_t>(i), {core.pus.begin(), core.pus.end()}, nodeset});
      for (const std::uint32_t pu : core.pus) {
        open({"PU", pu, {pu}, nodeset});
        close();
      }
      close();
    }
  }

  // A host bridge for each PCIe switch and for each device without one.
  void write_devices(std::int16_t numa) {
    std::set<std::int16_t> written;
    for (const PciFunction& function : functions_) {
      if (function.numa != numa || written.contains(function.pci_switch)) continue;
      if (function.pci_switch == kUnknownPlace) {
        write_bridges({&function});
      } else {
        written.insert(function.pci_switch);
        write_bridges(functions_on(function.pci_switch, numa));
      }
    }
  }

  [[nodiscard]] std::vector<const PciFunction*> functions_on(std::int16_t pci_switch,
                                                             std::int16_t numa) const {
    std::vector<const PciFunction*> found;
    for (const PciFunction& function : functions_) {
      if (function.numa == numa && function.pci_switch == pci_switch) found.push_back(&function);
    }
    return found;
  }

  void write_bridges(const std::vector<const PciFunction*>& below) {
    constexpr std::size_t kDomainLength = 4;
    const std::string domain = below.front()->bus_id.substr(0, kDomainLength);
    std::set<std::string> buses;
    for (const PciFunction* function : below) buses.insert(function->bus_id.substr(5, 2));
    const std::string range = domain + ":[" + *buses.begin() + '-' + *buses.rbegin() + ']';
    xml_ += "<object type=\"Bridge\" gp_index=\"" + std::to_string(++gp_index_) +
            "\" bridge_type=\"0-1\" depth=\"0\" bridge_pci=\"" + domain + ":[00-ff]\">\n";
    // Bridges have addresses too; bus 0 holds no device of ours.
    std::array<char, 16> slot{};
    std::snprintf(slot.data(), slot.size(), ":00:%02x.%x", (bridges_ / 8) % 32, bridges_ % 8);
    ++bridges_;
    xml_ += "<object type=\"Bridge\" gp_index=\"" + std::to_string(++gp_index_) +
            "\" bridge_type=\"1-1\" depth=\"1\" bridge_pci=\"" + range + "\" pci_busid=\"" +
            domain + slot.data() +
            "\" pci_type=\"0604 [0000:0000] [0000:0000] 00\" pci_link_speed=\"0.000000\">\n";
    for (const PciFunction* function : below) write_function(*function);
    close();
    close();
  }

  void write_function(const PciFunction& function) {
    xml_ += "<object type=\"PCIDev\" gp_index=\"" + std::to_string(++gp_index_) +
            "\" pci_busid=\"" + function.bus_id + "\" pci_type=\"" + function.type +
            "\" pci_link_speed=\"0.000000\">\n";
    for (const OsDevice& device : function.os_devices) {
      xml_ += "<object type=\"OSDev\" gp_index=\"" + std::to_string(++gp_index_) + "\" name=\"" +
              escaped(device.name) + '"';
      if (!device.subtype.empty()) xml_ += " subtype=\"" + device.subtype + '"';
      xml_ += " osdev_type=\"" + std::to_string(device.type) + "\">\n";
      info("GPUModel", device.model);
      if (device.memory_mib > 0) {
        const std::string kib = std::to_string(device.memory_mib * 1024);
        info(device.subtype == "RSMI" ? "RSMIVRAMSize" : "CUDAGlobalMemorySize", kib);
      }
      if (device.gpu != SIZE_MAX) gpu_gp_index_[device.gpu] = gp_index_;
      close();
    }
    close();
  }

  void info(const char* name, const std::string& value) {
    if (value.empty()) return;
    xml_ += "<info name=\"" + std::string(name) + "\" value=\"" + escaped(value) + "\"/>\n";
  }

  void write_links() {
    const std::size_t count = shape_.gpus.size();
    if (shape_.gpu_links_mbps.empty()) return;
    const char* name = is_amd(shape_.gpus.front()) ? "XGMIBandwidth" : "NVLinkBandwidth";
    xml_ += "<distances2 type=\"OSDev\" nbobjs=\"" + std::to_string(count) +
            "\" kind=\"9\" name=\"" + name + "\" indexing=\"gp\">\n";
    std::string indexes;
    for (const std::uint64_t index : gpu_gp_index_) indexes += std::to_string(index) + ' ';
    numbers("indexes", indexes);
    for (std::size_t i = 0; i < count; ++i) {
      std::string row;
      for (std::size_t j = 0; j < count; ++j)
        row += std::to_string(shape_.gpu_link_mbps(i, j)) + ' ';
      numbers("u64values", row);
    }
    xml_ += "</distances2>\n";
  }

  void numbers(const std::string& element, const std::string& text) {
    xml_ += '<' + element + " length=\"" + std::to_string(text.size()) + "\">" + text + "</" +
            element + ">\n";
  }

  const NodeShape& shape_;
  std::vector<PciFunction> functions_;
  std::vector<std::uint64_t> gpu_gp_index_;  // of the OS device of each GPU
  std::uint64_t gp_index_ = 0;
  unsigned bridges_ = 0;
  std::string xml_;
};

}  // namespace

std::string to_hwloc_xml(const NodeShape& shape) { return Exporter(shape).write(); }

}  // namespace usine::discovery
