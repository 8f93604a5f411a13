#include "tools/topology_show.h"

#include <algorithm>

#include "common/units.h"
#include "tools/cpu_lists.h"
#include "topology/discovery/machine.h"

namespace usine::tools {

namespace {

std::size_t cores_of_numa(const NodeShape& shape, std::int16_t package, std::int16_t numa) {
  return static_cast<std::size_t>(std::ranges::count_if(shape.cores, [&](const CoreShape& core) {
    return core.numa == numa && core.package == package;
  }));
}

std::string count_of(std::size_t count, const std::string& singular, const std::string& plural) {
  return std::to_string(count) + ' ' + (count == 1 ? singular : plural);
}

// What all GPUs have in common, "" where they differ.
std::string common_model(const NodeShape& shape) {
  if (shape.gpus.empty()) return {};
  const GpuShape& first = shape.gpus.front();
  const bool same = std::ranges::all_of(shape.gpus, [&](const GpuShape& gpu) {
    return gpu.model == first.model && gpu.memory_mib == first.memory_mib;
  });
  return same ? first.model : "";
}

std::string model_and_memory(const GpuShape& gpu) {
  std::string text = gpu.model;
  if (gpu.memory_mib > 0) {
    text += (text.empty() ? "" : ", ") + format_memory_mib(gpu.memory_mib);
  }
  return text;
}

// One line of the drawing for a device, with its switch where it has one.
struct DeviceLine {
  std::int16_t numa = kUnknownPlace;
  std::int16_t pci_switch = kUnknownPlace;
  std::string text;
};

std::string padded(std::string text, std::size_t width) {
  if (text.size() < width) text.resize(width, ' ');
  return text;
}

// GPUs before NICs; a device that shares a PCIe switch with earlier ones stands on their line.
std::vector<DeviceLine> device_lines(const NodeShape& shape) {
  std::vector<DeviceLine> lines;
  const auto add = [&](std::int16_t numa, std::int16_t pci_switch, const std::string& text) {
    for (DeviceLine& line : lines) {
      if (pci_switch != kUnknownPlace && line.pci_switch == pci_switch && line.numa == numa) {
        line.text += "   " + text;
        return;
      }
    }
    lines.push_back({numa, pci_switch, text});
  };
  const bool same_model = !common_model(shape).empty();
  const std::size_t index_width = std::to_string(shape.gpus.size()).size();
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    const GpuShape& gpu = shape.gpus[i];
    const std::string index = std::to_string(i);
    std::string text =
        "GPU " + std::string(index_width - std::min(index_width, index.size()), ' ') + index;
    text += "  " + gpu.bus_id;
    if (!same_model) text += "  " + model_and_memory(gpu);
    add(gpu.numa, gpu.pci_switch, text);
  }
  std::size_t name_width = 0;
  for (const NicShape& nic : shape.nics) name_width = std::max(name_width, nic.name.size());
  for (const NicShape& nic : shape.nics) {
    const std::string address = nic.bus_id == nic.name ? "" : "  " + nic.bus_id;
    add(nic.numa, nic.pci_switch, "NIC " + padded(nic.name, name_width) + address);
  }
  return lines;
}

class Drawing {
 public:
  Drawing(const NodeShape& shape, std::size_t width)
      : shape_(shape), width_(width), devices_(device_lines(shape)) {}

  std::string draw() {
    heading();
    for (std::int16_t package = 0; package < shape_.packages; ++package) draw_package(package);
    draw_unplaced();
    links();
    return text_;
  }

 private:
  // A line, cut to the width in characters, of which one may take several bytes.
  void line(const std::string& text) {
    std::size_t columns = 0;
    std::size_t last = 0;  // where the last character that fits begins
    for (std::size_t i = 0; i < text.size(); ++i) {
      if ((static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U) continue;
      ++columns;
      if (columns <= width_) last = i;
    }
    const bool fits = width_ == 0 || columns <= width_;
    text_ += fits ? text + '\n' : text.substr(0, last) + "…\n";
  }

  void branch(const std::string& indent, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      line(indent + (i + 1 == lines.size() ? "└─ " : "├─ ") + lines[i]);
    }
  }

  void heading() {
    line(shape_.name);
    line("  " + count_of(static_cast<std::size_t>(shape_.packages), "package", "packages") + ", " +
         count_of(shape_.numa_nodes.size(), "NUMA domain", "NUMA domains") + ", " +
         count_of(shape_.cores.size(), "core", "cores") + ", " +
         count_of(shape_.pus(), "hardware thread", "hardware threads") + ", " +
         format_memory_mib(shape_.memory_mib()));
    std::string devices = "  " + count_of(shape_.gpus.size(), "GPU", "GPUs");
    if (!common_model(shape_).empty()) {
      devices += " (" + model_and_memory(shape_.gpus.front());
      devices += shape_.gpus.size() > 1 ? " each)" : ")";
    }
    line(devices + ", " + count_of(shape_.nics.size(), "NIC", "NICs"));
    text_ += '\n';
  }

  [[nodiscard]] std::vector<std::string> devices_of(std::int16_t numa) const {
    std::vector<std::string> lines;
    for (const DeviceLine& device : devices_) {
      if (device.numa == numa) lines.push_back(device.text);
    }
    return lines;
  }

  [[nodiscard]] std::vector<std::int16_t> numas_of(std::int16_t package) const {
    std::vector<std::int16_t> numas;
    for (std::size_t i = 0; i < shape_.numa_nodes.size(); ++i) {
      if (shape_.numa_nodes[i].package == package) numas.push_back(static_cast<std::int16_t>(i));
    }
    return numas;
  }

  void draw_package(std::int16_t package) {
    const std::vector<std::int16_t> numas = numas_of(package);
    // Cores may use the memory of a domain that the drawing shows with another package.
    std::size_t apart = 0;
    for (const CoreShape& core : shape_.cores) {
      if (core.package != package) continue;
      apart += std::ranges::find(numas, core.numa) == numas.end() ? 1U : 0U;
    }
    line("package " + std::to_string(package));
    for (const std::int16_t numa : numas) {
      draw_numa(package, numa, numa == numas.back() && apart == 0);
    }
    if (apart > 0) line("└─ " + count_of(apart, "core", "cores") + " without memory of their own");
  }

  // What hwloc does not say a place for: CPU-less memory and devices at the root.
  void draw_unplaced() {
    const std::vector<std::int16_t> numas = numas_of(kUnknownPlace);
    const std::vector<std::string> devices = devices_of(kUnknownPlace);
    if (numas.empty() && devices.empty()) return;
    line("on no package");
    for (const std::int16_t numa : numas) {
      draw_numa(kUnknownPlace, numa, numa == numas.back() && devices.empty());
    }
    branch("", devices);
  }

  void draw_numa(std::int16_t package, std::int16_t index, bool last) {
    const NumaShape& numa = shape_.numa_nodes[static_cast<std::size_t>(index)];
    std::string text = "NUMA " + std::to_string(numa.os_index) + "  ";
    if (numa.gpu_memory) {
      text += format_memory_mib(numa.memory_mib) + " of GPU memory";
    } else {
      const std::size_t cores = cores_of_numa(shape_, package, index);
      text += (cores == 0 ? "no cores" : count_of(cores, "core", "cores")) + ", " +
              format_memory_mib(numa.memory_mib);
      const std::string cpus = cpu_list(cpus_of_numa(shape_, index));
      if (!cpus.empty()) text += ", cpus " + cpus;
    }
    line((last ? "└─ " : "├─ ") + text);
    branch(last ? "   " : "│  ", devices_of(index));
  }

  void links() {
    const std::size_t count = shape_.gpus.size();
    if (count < 2) return;
    text_ += '\n';
    if (shape_.gpu_links_mbps.empty()) {
      line("Links between GPUs: not known");
      return;
    }
    const std::uint32_t first = shape_.gpu_link_mbps(0, 1);
    bool same = true;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < count; ++j) same &= i == j || shape_.gpu_link_mbps(i, j) == first;
    }
    if (same) {
      line("Links between GPUs: " + gb_per_s(first) + " GB/s each way between any two");
    } else {
      link_table();
    }
  }

  static std::string gb_per_s(std::uint32_t mbps) {
    std::string text = std::to_string(mbps / 1000);
    if (mbps % 1000 >= 100) text += '.' + std::to_string(mbps % 1000 / 100);
    return text;
  }

  static std::string cell(const std::string& text) {
    constexpr std::size_t kWidth = 6;
    return std::string(kWidth - std::min(kWidth, text.size()), ' ') + text;
  }

  void link_table() {
    const std::size_t count = shape_.gpus.size();
    line("Links between GPUs, GB/s each way (-: over PCIe or host memory only)");
    std::string header = cell("");
    for (std::size_t j = 0; j < count; ++j) header += cell(std::to_string(j));
    line(header);
    for (std::size_t i = 0; i < count; ++i) {
      std::string row = cell(std::to_string(i));
      for (std::size_t j = 0; j < count; ++j) {
        const std::uint32_t mbps = shape_.gpu_link_mbps(i, j);
        row += cell(i == j ? "" : mbps == 0 ? "-" : gb_per_s(mbps));
      }
      row.erase(row.find_last_not_of(' ') + 1);
      line(row);
    }
  }

  const NodeShape& shape_;
  std::size_t width_;
  std::vector<DeviceLine> devices_;
  std::string text_;
};

}  // namespace

Result<NodeShape> load_shape(const std::string& name_or_path) {
  return discovery::load_machine(name_or_path);
}

std::string draw(const NodeShape& shape, std::size_t width) { return Drawing(shape, width).draw(); }

}  // namespace usine::tools
