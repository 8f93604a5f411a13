// What a figure was measured on: without it the figure says nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/result.h"

namespace usine::bench {

struct Machine {
  std::string processor;
  unsigned cores = 0;
  std::int64_t memory_mib = 0;
  std::string kernel;
};

[[nodiscard]] Machine this_machine();

// How many 4 KiB appends a second the disk under `folder` makes durable (fdatasync), one after the
// other: the ceiling of what a journal without group commit can do there.
[[nodiscard]] Result<double> durable_appends_per_second(const std::filesystem::path& folder);

}  // namespace usine::bench
