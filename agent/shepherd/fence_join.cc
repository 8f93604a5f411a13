#include "agent/shepherd/fence_join.h"

#include <utility>

namespace usine::shepherd {

void FenceJoin::open(std::size_t parts, std::size_t bytes_max) {
  parts_ = parts;
  bytes_max_ = bytes_max;
}

std::optional<std::string> FenceJoin::add(std::uint64_t fence, std::size_t number,
                                          std::string data) {
  Fence& open = fences_[fence];
  if (open.parts.empty()) {
    open.parts.resize(parts_);
    open.missing = parts_;
  }
  std::optional<std::string>& part = open.parts[number];
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
