#include "topology/discovery/nccl_shape.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>
#include <sstream>

#include <boost/property_tree/xml_parser.hpp>

#include "topology/gpu_links.h"

namespace usine::discovery {

namespace {

using Tree = boost::property_tree::ptree;

std::string attribute(const Tree& element, const char* name) {
  return element.get(std::string("<xmlattr>.") + name, std::string());
}

std::uint32_t number(const std::string& text) {
  std::uint32_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// "0000ffff,00000001": words of hexadecimal digits, the highest first; a digit is four processors.
std::vector<std::uint32_t> processors_of(std::string mask) {
  std::erase(mask, ',');
  std::vector<std::uint32_t> processors;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    const char c = mask[mask.size() - 1 - i];
    std::uint32_t digit = 0;
    const auto [end, error] = std::from_chars(&c, &c + 1, digit, 16);
    if (error != std::errc{}) return {};
    for (std::uint32_t bit = 0; bit < 4; ++bit) {
      if ((digit >> bit & 1U) != 0) {
        processors.push_back(static_cast<std::uint32_t>(i) * 4 + bit);
      }
    }
  }
  return processors;
}

// One way, MB/s: NVLink by compute capability, xGMI by generation, from the makers' figures.
std::uint32_t link_mbps(const Tree& gpu, bool nvlink) {
  if (nvlink) {
    const std::uint32_t capability = number(attribute(gpu, "sm"));
    return capability >= 100 ? 50'000 : capability >= 70 ? 25'000 : 20'000;
  }
  const std::string generation = attribute(gpu, "gcn");
  return generation.contains("94") ? 64'000 : generation.contains("91") ? 50'000 : 46'000;
}

// A GPU element with its links, kept until all GPUs are known.
struct FoundLinks {
  std::string bus_id;
  const Tree* element = nullptr;
};

class NcclReader {
 public:
  explicit NcclReader(std::string name) { shape_.name = std::move(name); }

  NodeShape read(const Tree& system) {
    std::map<std::uint32_t, const Tree*> domains;
    for (const auto& [tag, child] : system) {
      if (tag == "cpu") domains.emplace(number(attribute(child, "numaid")), &child);
    }
    for (const auto& [os_index, element] : domains) read_domain(os_index, *element);
    // NCCL does not tell which NUMA domains share a package.
    shape_.packages = static_cast<std::int16_t>(std::max<std::size_t>(1, domains.size()));
    read_links();
    return std::move(shape_);
  }

 private:
  void read_domain(std::uint32_t os_index, const Tree& element) {
    const auto numa = static_cast<std::int16_t>(shape_.numa_nodes.size());
    shape_.numa_nodes.push_back({os_index, numa, 0});
    // Nor does it tell which hardware threads share a core: each counts as one.
    for (const std::uint32_t pu : processors_of(attribute(element, "affinity"))) {
      shape_.cores.push_back({numa, numa, {pu}});
    }
    read_devices(element, numa, kUnknownPlace);
  }

  // Devices directly below one PCI element hang on that switch.
  void read_devices(const Tree& parent, std::int16_t numa, std::int16_t pci_switch) {
    for (const auto& [tag, pci] : parent) {
      if (tag != "pci") continue;
      const std::string device_class = attribute(pci, "class");
      const std::string bus_id = attribute(pci, "busid");
      if (device_class.starts_with("0x0302") || device_class.starts_with("0x0380") ||
          pci.count("gpu") > 0) {
        shape_.gpus.push_back({bus_id, "", 0, numa, pci_switch});
        if (const auto gpu = pci.find("gpu"); gpu != pci.not_found()) {
          links_.push_back({bus_id, &gpu->second});
        }
      } else if (device_class.starts_with("0x02") || pci.count("nic") > 0) {
        // A file for NCCL lists no network cards but those it may use.
        const std::string name = pci.get("nic.net.<xmlattr>.name", bus_id);
        shape_.nics.push_back({name, bus_id, numa, pci_switch});
      } else if (pci.count("pci") > 0) {
        read_devices(pci, numa, switches_++);
      }
    }
  }

  void read_links() {
    GpuLinks links(shape_.gpus.size());
    for (const auto& [bus_id, element] : links_) {
      const std::size_t from = gpu_at(bus_id);
      for (const auto& [tag, link] : *element) {
        if (tag != "nvlink" && tag != "xgmi") continue;
        const std::uint64_t mbps =
            std::uint64_t{number(attribute(link, "count"))} * link_mbps(*element, tag == "nvlink");
        const std::size_t to = gpu_at(attribute(link, "target"));
        if (to < shape_.gpus.size()) {
          links.direct[from * shape_.gpus.size() + to] += mbps;
        } else if (attribute(link, "tclass").starts_with("0x0680")) {
          links.to_switches[from] += mbps;
        }
      }
    }
    shape_.gpu_links_mbps = links.table();
  }

  [[nodiscard]] std::size_t gpu_at(const std::string& bus_id) const {
    const auto found = std::ranges::find(shape_.gpus, bus_id, &GpuShape::bus_id);
    return static_cast<std::size_t>(found - shape_.gpus.begin());
  }

  NodeShape shape_;
  std::vector<FoundLinks> links_;
  std::int16_t switches_ = 0;
};

}  // namespace

Result<NodeShape> shape_from_nccl_text(const std::string& xml, const std::string& name) {
  Tree document;
  try {
    std::istringstream stream(xml);
    boost::property_tree::read_xml(stream, document);
  } catch (const boost::property_tree::xml_parser_error& fault) {
    return fail(ErrorCode::kInvalid,
                name + ":" + std::to_string(fault.line()) + ": not valid XML: " + fault.message());
  }
  const auto system = document.find("system");
  if (system == document.not_found()) {
    return fail(ErrorCode::kInvalid, name + ": is not an NCCL topology file");
  }
  NodeShape shape = NcclReader(std::filesystem::path(name).stem().string()).read(system->second);
  if (shape.cores.empty()) {
    return fail(ErrorCode::kInvalid, name +
                                         ": tells of no processors (cpu elements without "
                                         "affinity), so no node can be made of it");
  }
  const std::vector<std::string> faults = shape.faults();
  if (!faults.empty()) return fail(ErrorCode::kInvalid, name + ": " + faults.front());
  return shape;
}

}  // namespace usine::discovery
