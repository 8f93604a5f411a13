#include "tools/shape_svg.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "common/units.h"
#include "tools/svg.h"

namespace usine::tools {
namespace {

constexpr int kMargin = 16;
constexpr int kGap = 10;       // between boxes, and around what is in one
constexpr int kHeading = 18;   // of a box, for its words
constexpr int kCore = 9;       // a core's square
constexpr int kCoreStep = 12;  // from one to the next
constexpr int kCoresInRow = 16;
constexpr int kDeviceWidth = 96;
constexpr int kGpuHeight = 34;
constexpr int kNicHeight = 22;
constexpr int kArcsMax = 160;  // how deep links between GPUs hang down

// Devices on one PCIe switch, or one device that is on none.
struct Group {
  bool on_switch = false;
  std::vector<std::size_t> gpus;
  std::vector<std::size_t> nics;
};

// A NUMA domain, or what has no place.
struct Domain {
  std::string title;
  std::size_t cores = 0;
  std::vector<Group> groups;
  int width = 0;
};

struct Package {
  std::string title;
  std::vector<Domain> domains;
  int width = 0;
};

// The place of a device's group among those of its NUMA domain.
Group& group_of(std::vector<Group>& groups, std::map<std::int16_t, std::size_t>& by_switch,
                std::int16_t pci_switch) {
  if (pci_switch == kUnknownPlace) return groups.emplace_back();
  const auto [place, fresh] = by_switch.emplace(pci_switch, groups.size());
  if (fresh) groups.emplace_back().on_switch = true;
  return groups[place->second];
}

std::vector<Group> groups_of(const NodeShape& shape, std::int16_t numa) {
  std::vector<Group> groups;
  std::map<std::int16_t, std::size_t> by_switch;
  for (std::size_t i = 0; i < shape.gpus.size(); ++i) {
    if (shape.gpus[i].numa != numa) continue;
    group_of(groups, by_switch, shape.gpus[i].pci_switch).gpus.push_back(i);
  }
  for (std::size_t i = 0; i < shape.nics.size(); ++i) {
    if (shape.nics[i].numa != numa) continue;
    group_of(groups, by_switch, shape.nics[i].pci_switch).nics.push_back(i);
  }
  return groups;
}

int devices_width(const Group& group) {
  const auto columns = static_cast<int>(std::max<std::size_t>(group.gpus.size(), 1));
  return columns * (kDeviceWidth + kGap) + kGap;
}

int inner_width(const Domain& domain) {
  int devices = 0;
  for (const Group& group : domain.groups) devices += devices_width(group) + kGap;
  const int cores = static_cast<int>(std::min<std::size_t>(domain.cores, kCoresInRow)) * kCoreStep;
  return std::max({devices, cores + kGap, width_of(domain.title) + kGap});
}

Domain domain_of(const NodeShape& shape, std::int16_t numa) {
  const NumaShape& memory = shape.numa_nodes[static_cast<std::size_t>(numa)];
  Domain domain;
  domain.title = "NUMA " + std::to_string(memory.os_index) + ", " +
                 format_memory_mib(memory.memory_mib) + (memory.gpu_memory ? " of GPU memory" : "");
  domain.cores = static_cast<std::size_t>(
      std::ranges::count(shape.cores, numa, [](const CoreShape& core) { return core.numa; }));
  domain.groups = groups_of(shape, numa);
  domain.width = inner_width(domain) + kGap;
  return domain;
}

Package package_of(const NodeShape& shape, std::int16_t number) {
  Package package;
  package.title = number == kUnknownPlace ? "on no package" : "package " + std::to_string(number);
  for (std::size_t i = 0; i < shape.numa_nodes.size(); ++i) {
    if (shape.numa_nodes[i].package != number) continue;
    package.domains.push_back(domain_of(shape, static_cast<std::int16_t>(i)));
  }
  if (number == kUnknownPlace) {
    Domain rest{"place not known", 0, groups_of(shape, kUnknownPlace), 0};
    rest.width = inner_width(rest) + kGap;
    if (!rest.groups.empty()) package.domains.push_back(std::move(rest));
  }
  package.width = kGap;
  for (const Domain& domain : package.domains) package.width += domain.width + kGap;
  package.width = std::max(package.width, width_of(package.title) + 2 * kGap);
  return package;
}

int core_rows(const Domain& domain) {
  return static_cast<int>((domain.cores + kCoresInRow - 1) / kCoresInRow);
}

class Picture {
 public:
  explicit Picture(const NodeShape& shape) : shape_(shape), gpu_x_(shape.gpus.size(), 0) {
    for (std::int16_t i = 0; i < shape.packages; ++i) packages_.push_back(package_of(shape, i));
    Package unplaced = package_of(shape, kUnknownPlace);
    if (!unplaced.domains.empty()) packages_.push_back(std::move(unplaced));
    for (const Package& package : packages_) {
      for (const Domain& domain : package.domains) measure(domain);
    }
  }

  std::string draw() {
    int x = kMargin;
    for (const Package& package : packages_) {
      draw_package(package, x);
      x += package.width + kGap;
    }
    const std::string words = heading();
    const int width = std::max(x - kGap, kMargin + width_of(words)) + kMargin;
    svg_.text(kMargin, kMargin + 12, shape_.name, "title");
    svg_.text(kMargin, kMargin + 30, words, "quiet");
    const int bottom = kTop + package_height() + kGap;
    const int links = draw_links(bottom, width);
    return svg_.document(width, bottom + links + kMargin, shape_.name);
  }

 private:
  static constexpr int kTop = kMargin + 44;  // where packages begin

  void measure(const Domain& domain) {
    cores_height_ = std::max(cores_height_, core_rows(domain) * kCoreStep);
    for (const Group& group : domain.groups) {
      const auto nics = static_cast<int>(group.nics.size());
      nics_height_ = std::max(nics_height_, nics * (kNicHeight + 4));
    }
  }

  [[nodiscard]] int domain_height() const {
    const bool devices = !shape_.gpus.empty() || !shape_.nics.empty();
    const int below = devices ? nics_height_ + kGpuHeight + 3 * kGap : 0;
    return kHeading + cores_height_ + kGap + below;
  }
  [[nodiscard]] int package_height() const { return kHeading + domain_height() + kGap; }

  [[nodiscard]] std::string heading() const {
    std::string words = std::to_string(shape_.cores.size()) + " cores, " +
                        std::to_string(shape_.pus()) + " hardware threads, " +
                        format_memory_mib(shape_.memory_mib()) + ", " +
                        std::to_string(shape_.gpus.size()) + " GPUs, " +
                        std::to_string(shape_.nics.size()) + " NICs";
    if (!shape_.gpus.empty()) words += "; GPU 0: " + shape_.gpus.front().model;
    return words;
  }

  void draw_package(const Package& package, int x) {
    svg_.box({x, kTop, package.width, package_height()}, "package");
    svg_.text(x + kGap, kTop + 13, package.title);
    int inside = x + kGap;
    for (const Domain& domain : package.domains) {
      draw_domain(domain, inside);
      inside += domain.width + kGap;
    }
  }

  void draw_domain(const Domain& domain, int x) {
    const int top = kTop + kHeading;
    svg_.box({x, top, domain.width, domain_height()}, "numa");
    svg_.text(x + kGap / 2, top + 13, domain.title);
    for (std::size_t i = 0; i < domain.cores; ++i) {
      const int column = static_cast<int>(i) % kCoresInRow;
      const int row = static_cast<int>(i) / kCoresInRow;
      svg_.box({x + kGap + column * kCoreStep, top + kHeading + row * kCoreStep, kCore, kCore},
               "core");
    }
    int inside = x + kGap;
    for (const Group& group : domain.groups) {
      draw_group(group, inside, top + kHeading + cores_height_ + kGap);
      inside += devices_width(group) + kGap;
    }
  }

  // NICs above, GPUs at the foot, where the links between them begin.
  void draw_group(const Group& group, int x, int y) {
    const int height = nics_height_ + kGpuHeight + 2 * kGap;
    if (group.on_switch) svg_.box({x, y, devices_width(group), height}, "switch", "PCIe switch");
    for (std::size_t i = 0; i < group.nics.size(); ++i) {
      const NicShape& nic = shape_.nics[group.nics[i]];
      const Box box{x + kGap, y + kGap / 2 + static_cast<int>(i) * (kNicHeight + 4), kDeviceWidth,
                    kNicHeight};
      svg_.box(box, "nic", nic.bus_id);
      svg_.label(box, nic.name);
    }
    for (std::size_t i = 0; i < group.gpus.size(); ++i) {
      const std::size_t gpu = group.gpus[i];
      const Box box{x + kGap + static_cast<int>(i) * (kDeviceWidth + kGap), y + nics_height_ + kGap,
                    kDeviceWidth, kGpuHeight};
      svg_.box(box, "gpu", shape_.gpus[gpu].model + ", " + shape_.gpus[gpu].bus_id);
      svg_.label(box, "GPU " + std::to_string(gpu));
      gpu_x_[gpu] = box.x + kDeviceWidth / 2;
      gpu_foot_ = box.y + kGpuHeight;
    }
  }

  // The widths of links that there are, in MB/s.
  [[nodiscard]] std::set<std::uint32_t> speeds() const {
    std::set<std::uint32_t> found;
    for (std::size_t i = 0; i < shape_.gpus.size(); ++i) {
      for (std::size_t j = i + 1; j < shape_.gpus.size(); ++j) {
        found.insert(shape_.gpu_link_mbps(i, j));
      }
    }
    return found;
  }

  static std::string rate(std::uint32_t mbps) {
    std::string text = std::to_string(mbps / 1000);
    if (mbps % 1000 >= 100) text += '.' + std::to_string(mbps % 1000 / 100);
    return text + " GB/s";
  }

  // Returns how much room they take below the packages.
  int draw_links(int bottom, int width) {
    const std::set<std::uint32_t> found = speeds();
    if (found.empty() || (found.size() == 1 && *found.begin() == 0)) return 0;
    if (found.size() == 1) return draw_bar(bottom, *found.begin());
    return draw_arcs(bottom, width, found);
  }

  // Any two GPUs are linked alike, as by a switch.
  int draw_bar(int bottom, std::uint32_t mbps) {
    const auto [left, right] = std::ranges::minmax(gpu_x_);
    const Box bar{left - kDeviceWidth / 2, bottom + kGap, right - left + kDeviceWidth, 26};
    for (const int x : gpu_x_) svg_.line({x, gpu_foot_}, {x, bar.y}, "wire3");
    svg_.box(bar, "fabric");
    svg_.label(bar, rate(mbps) + " each way between any two GPUs");
    return bar.height + 2 * kGap;
  }

  int draw_arcs(int bottom, int width, const std::set<std::uint32_t>& found) {
    const std::uint32_t most = *found.rbegin();
    int deepest = 0;
    for (std::size_t i = 0; i < shape_.gpus.size(); ++i) {
      for (std::size_t j = i + 1; j < shape_.gpus.size(); ++j) {
        const std::uint32_t mbps = shape_.gpu_link_mbps(i, j);
        if (mbps == 0) continue;
        const int apart = std::abs(gpu_x_[i] - gpu_x_[j]);
        const int depth = 24 + apart * kArcsMax / std::max(width, 1);
        deepest = std::max(deepest, gpu_foot_ + depth - bottom);
        svg_.arc({gpu_x_[i], gpu_foot_}, gpu_x_[j], depth, style_of(mbps, most));
      }
    }
    int y = bottom + std::max(deepest, 0) + kHeading;
    for (auto speed = found.rbegin(); speed != found.rend(); ++speed) {
      if (*speed == 0) continue;
      svg_.line({kMargin, y - 4}, {kMargin + 40, y - 4}, style_of(*speed, most));
      svg_.text(kMargin + 48, y, rate(*speed) + " each way between two GPUs", "quiet");
      y += kHeading;
    }
    if (found.contains(0)) {
      svg_.text(kMargin, y, "GPUs without a line between them meet over PCIe or host memory",
                "quiet");
      y += kHeading;
    }
    return y - bottom;
  }

  static std::string_view style_of(std::uint32_t mbps, std::uint32_t most) {
    if (mbps * 4ULL > most * 3ULL) return "wire3";
    return mbps * 3ULL > most ? "wire2" : "wire";
  }

  const NodeShape& shape_;
  std::vector<Package> packages_;
  std::vector<int> gpu_x_;  // the middle of each GPU
  int gpu_foot_ = 0;
  int cores_height_ = 0;
  int nics_height_ = 0;
  Svg svg_;
};

}  // namespace

std::string draw_svg(const NodeShape& shape) { return Picture(shape).draw(); }

}  // namespace usine::tools
