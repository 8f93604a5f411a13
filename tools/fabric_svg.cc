// The picture of fabric_show.h.
#include <algorithm>
#include <string>

#include "tools/fabric_show.h"
#include "tools/svg.h"

namespace usine::tools {
namespace {

constexpr int kMargin = 16;
constexpr int kTop = 76;      // where the rows begin
constexpr int kInner = 1400;  // the width of the outermost domain
constexpr int kRow = 46;      // a level's row, with the gap below it
constexpr int kBoxHeight = 40;
constexpr int kLegendRow = 20;
constexpr int kGapless = 4;  // boxes no wider stand side by side
constexpr int kFoot = 11;    // of a box: where busy nodes show

std::string count(std::uint64_t number, const std::string& noun) {
  return std::to_string(number) + ' ' + noun + (number == 1 ? "" : "s");
}

// Children fill the width of their parent in proportion to their nodes. Edges are rounded from the
// left, so that neither gaps nor overlaps add up.
class FabricPicture {
 public:
  FabricPicture(const ClusterConfig& config, const FabricSums& sums, bool live)
      : config_(config), sums_(sums), live_(live) {}

  std::string draw() {
    const std::uint64_t nodes = sums_.domains.front().nodes;
    svg_.text(kMargin, 28, config_.name, "title");
    svg_.text(kMargin, 48,
              count(nodes, "node") + ", " + count(sums_.domains.front().gpus, "GPU") +
                  "; boxes are as wide as their nodes are many" +
                  (live_ ? ", and grey where nodes are busy or down" : ""),
              "quiet");
    draw_domain(0, 0, nodes);
    int y = kTop + rows_ * kRow + kLegendRow;
    for (const LevelSum& level : sums_.levels) {
      svg_.box({kMargin, y - 11, 14, 14}, to_string(level.level));
      svg_.text(kMargin + 22, y, legend(level));
      y += kLegendRow;
    }
    return svg_.document(kInner + 2 * kMargin, y, config_.name);
  }

 private:
  [[nodiscard]] int x_of(std::uint64_t nodes_before) const {
    const std::uint64_t nodes = std::max<std::uint64_t>(sums_.domains.front().nodes, 1);
    return kMargin + static_cast<int>(nodes_before * kInner / nodes);
  }

  [[nodiscard]] int row_of(DomainKind kind) {
    int row = 0;
    for (const LevelSum& level : sums_.levels) {
      if (level.level == kind) break;
      ++row;
    }
    rows_ = std::max(rows_, row + 1);
    return row;
  }

  void draw_domain(std::uint32_t domain, std::uint64_t from, std::uint64_t to) {
    const Domain& one = config_.fabric.domains[domain];
    const DomainSum& sum = sums_.domains[domain];
    const int width = x_of(to) - x_of(from);
    const int gap = width > kGapless ? 1 : 0;
    const Box box{x_of(from), kTop + row_of(one.kind) * kRow, std::max(width - gap, 1), kBoxHeight};
    const std::string words = count(sum.nodes, "node") + ", " + count(sum.gpus, "GPU");
    svg_.box(box, to_string(one.kind), one.name + ": " + words);
    if (live_) draw_busy(box, sum);
    svg_.label({box.x, box.y, box.width, 15}, one.name);
    svg_.label({box.x, box.y + 13, box.width, 15}, words);
    for (const std::uint32_t child : sum.children) {
      const std::uint64_t end = from + sums_.domains[child].nodes;
      draw_domain(child, from, end);
      from = end;
    }
  }

  // The foot of a box is grey as far as its nodes are busy: from the right, or from below where it
  // is too narrow for that.
  void draw_busy(const Box& box, const DomainSum& sum) {
    if (sum.nodes == 0) return;
    const bool narrow = box.width < 2 * kFoot;
    const auto whole = static_cast<std::uint64_t>(narrow ? kFoot : box.width);
    const auto busy = static_cast<int>((sum.nodes - sum.idle_nodes) * whole / sum.nodes);
    const int right = box.x + box.width;
    const int bottom = box.y + box.height;
    if (busy == 0) return;
    svg_.box(narrow ? Box{box.x, bottom - busy, box.width, busy}
                    : Box{right - busy, bottom - kFoot, busy, kFoot},
             "busy");
  }

  [[nodiscard]] std::string legend(const LevelSum& level) const {
    const DomainSum& most = sums_.domains[level.roomiest];
    return count(level.domains, std::string(to_string(level.level))) +
           "; the largest gang in one " + (live_ ? "now" : "") + (live_ ? " has " : "has ") +
           count(most.idle_nodes, "node") + ", " + count(most.idle_gpus, "GPU") + " (" +
           config_.fabric.domains[level.roomiest].name + ")";
  }

  const ClusterConfig& config_;
  const FabricSums& sums_;
  bool live_;
  int rows_ = 0;
  Svg svg_;
};

}  // namespace

std::string draw_svg(const ClusterConfig& config, const FabricSums& sums, bool live) {
  return FabricPicture(config, sums, live).draw();
}

}  // namespace usine::tools
