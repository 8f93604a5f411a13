// Amounts of memory. The core counts memory in MiB.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace usine {

// "4096" and "4096M" are 4096 MiB; K, M, G, T with or without "B"/"iB", all powers of 1024; K is
// rounded up to a MiB. Error: kInvalid, naming the forms.
[[nodiscard]] Result<std::int64_t> parse_memory_mib(std::string_view text);

// "512 MiB", "4 GiB", "1.5 TiB": at most one digit after the point.
[[nodiscard]] std::string format_memory_mib(std::int64_t mib);

// "1 node", "2 nodes", "2 classes".
[[nodiscard]] std::string counted(std::uint64_t count, std::string_view one,
                                  std::string_view plural_end = "s");

}  // namespace usine
