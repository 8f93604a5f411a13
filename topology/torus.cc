#include "topology/torus.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "common/check.h"

namespace usine {
namespace {

bool read_dimension(std::string_view text, std::uint32_t& dimension) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), dimension);
  return error == std::errc() && end == text.data() + text.size() && dimension > 0 &&
         dimension <= kTorusPositionsMax;
}

// Faces between blocks, of one side of each pair.
std::uint64_t surface(const TorusSize& size) {
  return std::uint64_t{size.x} * size.y + std::uint64_t{size.y} * size.z +
         std::uint64_t{size.z} * size.x;
}

}  // namespace

Result<TorusSize> parse_torus_size(std::string_view text) {
  std::array<std::uint32_t, 3> dimensions = {1, 1, 1};
  std::string_view rest = text;
  bool sound = true;
  for (std::size_t i = 0; sound; ++i) {
    const std::size_t cross = rest.find('x');
    sound = i < dimensions.size() && read_dimension(rest.substr(0, cross), dimensions[i]);
    if (cross == std::string_view::npos) break;
    rest.remove_prefix(cross + 1);
  }
  const auto [x, y, z] = dimensions;
  if (sound && std::uint64_t{x} * y <= kTorusPositionsMax / z) return TorusSize{x, y, z};
  return fail(ErrorCode::kInvalid,
              '\'' + std::string(text) + "' is not a size of up to three dimensions and " +
                  std::to_string(kTorusPositionsMax) + " blocks: write such as 4x4x4 or 8x8");
}

std::string to_string(const TorusSize& size) {
  return std::to_string(size.x) + 'x' + std::to_string(size.y) + 'x' + std::to_string(size.z);
}

std::vector<TorusSize> turned(const TorusSize& size) {
  const auto [x, y, z] = size;
  std::vector<TorusSize> sizes;
  for (const TorusSize& one : {TorusSize{x, y, z}, TorusSize{x, z, y}, TorusSize{y, x, z},
                               TorusSize{y, z, x}, TorusSize{z, x, y}, TorusSize{z, y, x}}) {
    if (std::ranges::find(sizes, one) == sizes.end()) sizes.push_back(one);
  }
  return sizes;
}

// ---- counting --------------------------------------------------------------------------------

std::array<std::uint32_t, 3> CuboidSearch::coordinates(std::uint32_t position) const {
  return {position / (torus_.y * torus_.z), position / torus_.z % torus_.y, position % torus_.z};
}

std::size_t CuboidSearch::sum_at(std::uint32_t x, std::uint32_t y, std::uint32_t z) const {
  return (std::size_t{x} * (2 * torus_.y + 1) + y) * (2 * torus_.z + 1) + z;
}

void CuboidSearch::set_free(const TorusSize& torus, const std::vector<bool>& free) {
  CHECK_THAT(free.size() == torus.volume());
  torus_ = torus;
  sums_.assign(sum_at(2 * torus.x, 2 * torus.y, 2 * torus.z) + 1, 0);
  for (std::uint32_t x = 1; x <= 2 * torus.x; ++x) {
    for (std::uint32_t y = 1; y <= 2 * torus.y; ++y) {
      std::uint32_t row = 0;
      for (std::uint32_t z = 1; z <= 2 * torus.z; ++z) {
        const std::uint32_t position =
            ((x - 1) % torus.x * torus.y + (y - 1) % torus.y) * torus.z + (z - 1) % torus.z;
        row += free[position] ? 1 : 0;
        sums_[sum_at(x, y, z)] = row + sums_[sum_at(x - 1, y, z)] + sums_[sum_at(x, y - 1, z)] -
                                 sums_[sum_at(x - 1, y - 1, z)];
      }
    }
  }
}

std::uint32_t CuboidSearch::free_in(std::uint32_t corner, const TorusSize& size) const {
  const auto [x, y, z] = coordinates(corner);
  const auto sum = [&](std::uint32_t dx, std::uint32_t dy, std::uint32_t dz) {
    return sums_[sum_at(x + dx, y + dy, z + dz)];
  };
  return sum(size.x, size.y, size.z) - sum(0, size.y, size.z) - sum(size.x, 0, size.z) -
         sum(size.x, size.y, 0) + sum(0, 0, size.z) + sum(0, size.y, 0) + sum(size.x, 0, 0) -
         sum(0, 0, 0);
}

std::optional<std::uint32_t> CuboidSearch::find(const TorusSize& size) const {
  for (std::uint32_t corner = 0; corner < torus_.volume(); ++corner) {
    if (free_in(corner, size) == size.volume()) return corner;
  }
  return std::nullopt;
}

std::uint32_t CuboidSearch::most_free(const TorusSize& size) const {
  std::uint32_t most = 0;
  for (std::uint32_t corner = 0; corner < torus_.volume(); ++corner) {
    most = std::max(most, free_in(corner, size));
  }
  return most;
}

void CuboidSearch::append_positions(std::uint32_t corner, const TorusSize& size,
                                    std::vector<std::uint32_t>& positions) const {
  const auto [x, y, z] = coordinates(corner);
  for (std::uint32_t dx = 0; dx < size.x; ++dx) {
    for (std::uint32_t dy = 0; dy < size.y; ++dy) {
      for (std::uint32_t dz = 0; dz < size.z; ++dz) {
        positions.push_back(((x + dx) % torus_.x * torus_.y + (y + dy) % torus_.y) * torus_.z +
                            (z + dz) % torus_.z);
      }
    }
  }
}

std::span<const TorusSize> CuboidSearch::sizes_holding(std::uint32_t blocks) {
  sizes_.clear();
  for (std::uint32_t x = 1; x <= torus_.x; ++x) {
    for (std::uint32_t y = 1; y <= torus_.y; ++y) {
      const std::uint32_t z = (blocks + x * y - 1) / (x * y);
      if (z <= torus_.z) sizes_.push_back({x, y, z});
    }
  }
  std::ranges::sort(sizes_, {}, [](const TorusSize& size) {
    return std::tuple(surface(size), size.volume(), size.x, size.y);
  });
  if (sizes_.size() > kSizesTriedMax) sizes_.resize(kSizesTriedMax);
  return sizes_;
}

}  // namespace usine
