#include "scheduler/policy/headroom.h"

#include <algorithm>
#include <bit>

namespace usine {

Headroom::Headroom(const Machine& machine, Time now)
    : machine_(machine), now_(now), rows_(machine.timeline().gpus_max() + 1) {}

// Ascending with the length; equal for lengths of which one is less than a quarter longer.
std::size_t Headroom::step_of(Millis length) {
  const auto ms = static_cast<std::uint64_t>(std::max<std::int64_t>(length.count(), 0));
  if (ms < 4) return ms;
  const auto octave = static_cast<unsigned>(std::bit_width(ms)) - 1;
  return std::size_t{octave} * 4 + (ms >> (octave - 2) & 3);
}

void Headroom::count(Row& row, std::size_t gpus) const {
  row.counted = true;
  const DomainPlace root = machine_.tree().root();
  for (std::uint32_t pool = 0; pool < machine_.pools().pools.size(); ++pool) {
    if (gpus > machine_.room().gpus_of(pool)) continue;
    row.open[pool % 64] += machine_.room().with_gpus(pool, gpus)[root];
  }
  for (const Time until : machine_.timeline().open_until(gpus)) {
    if (until == Timeline::kNever) {
      ++row.claimed.back();
    } else if (until > now_) {
      ++row.claimed[step_of(until - now_)];
    }
  }
  for (std::size_t step = kSteps - 1; step > 0; --step) row.claimed[step - 1] += row.claimed[step];
}

std::uint64_t Headroom::nodes_for(const DemandTable::Glance& asked, Millis length) {
  if (asked.gpus >= rows_.size()) return 0;
  Row& row = rows_[asked.gpus];
  if (!row.counted) count(row, asked.gpus);
  std::uint64_t nodes = row.claimed[step_of(length)];
  for (PoolSet left = asked.pools; left != 0; left &= left - 1) {
    nodes += row.open[static_cast<std::size_t>(std::countr_zero(left))];
  }
  return nodes;
}

}  // namespace usine
