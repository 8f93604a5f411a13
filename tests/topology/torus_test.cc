#include "topology/torus.h"

#include <random>

#include <doctest/doctest.h>

namespace usine {
namespace {

TEST_CASE("a size is read from up to three dimensions and refused otherwise") {
  CHECK(*parse_torus_size("4x3x2") == TorusSize{4, 3, 2});
  CHECK(*parse_torus_size("8x8") == TorusSize{8, 8, 1});
  CHECK(*parse_torus_size("16") == TorusSize{16, 1, 1});
  for (const char* bad :
       {"", "x", "2x", "2x0x2", "1x2x3x4", "2x2x2 ", "-2x2", "70000", "65536x65536x65536"}) {
    CHECK_MESSAGE(!parse_torus_size(bad), bad);
  }
  CHECK(to_string(TorusSize{4, 3, 1}) == "4x3x1");
}

TEST_CASE("[B53] a size turned has every order of its dimensions once") {
  CHECK(turned({2, 2, 2}).size() == 1);
  CHECK(turned({2, 2, 1}).size() == 3);
  CHECK(turned({1, 2, 3}).size() == 6);
  CHECK(turned({1, 2, 3}).front() == TorusSize{1, 2, 3});
}

// Counts block by block.
std::uint32_t free_blocks(const TorusSize& torus, const std::vector<bool>& free,
                          std::uint32_t corner, const TorusSize& size) {
  std::uint32_t found = 0;
  for (std::uint32_t x = 0; x < size.x; ++x) {
    for (std::uint32_t y = 0; y < size.y; ++y) {
      for (std::uint32_t z = 0; z < size.z; ++z) {
        const std::uint32_t a = (corner / (torus.y * torus.z) + x) % torus.x;
        const std::uint32_t b = (corner / torus.z % torus.y + y) % torus.y;
        const std::uint32_t c = (corner % torus.z + z) % torus.z;
        found += free[(a * torus.y + b) * torus.z + c] ? 1 : 0;
      }
    }
  }
  return found;
}

TEST_CASE("[B53] cuboids are found as a look at every corner finds them") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const auto below = [&](std::uint32_t bound) {
    return static_cast<std::uint32_t>(random() % bound);
  };
  for (int round = 0; round < 300; ++round) {
    const TorusSize torus{1 + below(5), 1 + below(4), 1 + below(4)};
    const TorusSize size{1 + below(torus.x), 1 + below(torus.y), 1 + below(torus.z)};
    std::vector<bool> free(torus.volume());
    for (std::size_t i = 0; i < free.size(); ++i) free[i] = below(4) != 0;
    CuboidSearch search;
    search.set_free(torus, free);
    std::optional<std::uint32_t> first;
    std::uint32_t most = 0;
    for (std::uint32_t corner = 0; corner < torus.volume(); ++corner) {
      const std::uint32_t found = free_blocks(torus, free, corner, size);
      most = std::max(most, found);
      if (!first && found == size.volume()) first = corner;
    }
    CHECK(search.find(size) == first);
    CHECK(search.most_free(size) == most);
    if (!first) continue;
    std::vector<std::uint32_t> positions;
    search.append_positions(*first, size, positions);
    CHECK(positions.size() == size.volume());
    for (const std::uint32_t position : positions) CHECK(free[position]);
  }
}

TEST_CASE("[B53] sizes that hold a job come with the least surface first") {
  CuboidSearch search;
  search.set_free({4, 4, 4}, std::vector<bool>(64, true));
  CHECK(search.sizes_holding(8).front() == TorusSize{2, 2, 2});
  CHECK(search.sizes_holding(64).front() == TorusSize{4, 4, 4});
  CHECK(search.sizes_holding(65).empty());
  for (const TorusSize& size : search.sizes_holding(7)) CHECK(size.volume() >= 7);
}

}  // namespace
}  // namespace usine
