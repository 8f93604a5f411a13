// A torus of up to three dimensions: blocks of nodes at coordinates, each joined to its neighbours
// and the last of a dimension to the first. Positions are numbered with the last coordinate running
// fastest. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine {

// Of a torus or of a cuboid in it. Dimensions that were left out are 1; all 0: none.
struct TorusSize {
  std::uint32_t x = 0;
  std::uint32_t y = 0;
  std::uint32_t z = 0;

  [[nodiscard]] bool empty() const { return *this == TorusSize{}; }
  [[nodiscard]] std::uint32_t volume() const { return x * y * z; }
  [[nodiscard]] bool fits_in(const TorusSize& whole) const {
    return x <= whole.x && y <= whole.y && z <= whole.z;
  }
  friend bool operator==(const TorusSize&, const TorusSize&) = default;
};

// More in one torus are refused.
inline constexpr std::uint32_t kTorusPositionsMax = 65'536;

// "4x4x4", "8x8", "16". Error: kInvalid, with the form.
[[nodiscard]] Result<TorusSize> parse_torus_size(std::string_view text);
[[nodiscard]] std::string to_string(const TorusSize& size);  // "4x4x1"

// The size with its dimensions in every order, each once, its own first.
[[nodiscard]] std::vector<TorusSize> turned(const TorusSize& size);

// Cuboids among the free blocks of a torus, which may go round its ends. Keeps its buffers between
// searches.
class CuboidSearch {
 public:
  // `free`: by position, volume() of them.
  void set_free(const TorusSize& torus, const std::vector<bool>& free);

  // The first position, in order, of the corner of a cuboid of that size all of whose blocks are
  // free; none where there is none. The size fits in the torus.
  [[nodiscard]] std::optional<std::uint32_t> find(const TorusSize& size) const;
  // The most free blocks that a cuboid of that size has.
  [[nodiscard]] std::uint32_t most_free(const TorusSize& size) const;
  // The blocks of the cuboid, each once.
  void append_positions(std::uint32_t corner, const TorusSize& size,
                        std::vector<std::uint32_t>& positions) const;

  // Sizes that fit in the torus and hold that many blocks, with as little to spare as two of their
  // dimensions allow: those with the smallest surface first. At most kSizesTriedMax.
  static constexpr std::size_t kSizesTriedMax = 32;
  [[nodiscard]] std::span<const TorusSize> sizes_holding(std::uint32_t blocks);

 private:
  [[nodiscard]] std::uint32_t free_in(std::uint32_t corner, const TorusSize& size) const;
  [[nodiscard]] std::array<std::uint32_t, 3> coordinates(std::uint32_t position) const;
  [[nodiscard]] std::size_t sum_at(std::uint32_t x, std::uint32_t y, std::uint32_t z) const;

  TorusSize torus_;
  // Free blocks with coordinates below (x, y, z), the torus unrolled to twice its size, so that a
  // cuboid's count takes eight of them wherever it lies.
  std::vector<std::uint32_t> sums_;
  std::vector<TorusSize> sizes_;
};

template <typename A>
void fields(A& a, TorusSize& v) {
  a(v.x, v.y, v.z);
}

}  // namespace usine
