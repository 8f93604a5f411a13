#include "agent/shepherd/fence_star.h"

#include <utility>

namespace usine::shepherd {

void FenceStar::open(std::size_t nodes, std::size_t bytes_max) {
  nodes_ = nodes;
  bytes_max_ = bytes_max;
}

std::optional<std::string> FenceStar::add(std::uint64_t fence, std::size_t node, std::string data) {
  Fence& open = fences_[fence];
  if (open.parts.empty()) {
    open.parts.resize(nodes_);
    open.missing = nodes_;
  }
  std::optional<std::string>& part = open.parts[node];
  if (!part) --open.missing;
  open.bytes += data.size() - (part ? part->size() : 0);
  part = std::move(data);
  if (open.bytes > bytes_max_) overgrown_ = true;
  if (open.missing > 0 || overgrown_) return std::nullopt;
  std::string joined;
  joined.reserve(open.bytes);
  for (const auto& piece : open.parts) joined += *piece;
  fences_.erase(fence);
  return joined;
}

}  // namespace usine::shepherd
