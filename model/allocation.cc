#include "model/allocation.h"

namespace usine {

std::uint64_t Allocation::total_gpus() const {
  std::uint64_t total = 0;
  for (const NodeShare& share : nodes) total += share.gpus.count();
  return total;
}

std::uint64_t Allocation::total_cores() const {
  std::uint64_t total = 0;
  for (const NodeShare& share : nodes) total += share.cores.count();
  return total;
}

}  // namespace usine
