// Lists of node names in the short form the field uses: "node[001-004,007],login1".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine {

// The most names one list may stand for; more is refused as kInvalid.
inline constexpr std::size_t kHostlistMax = 200'000;

// Names in the order written. "n[08-10]" is n08, n09, n10: the width of the first number is kept.
// Several bracket groups in one name multiply. Error: kInvalid, naming the place.
[[nodiscard]] Result<std::vector<std::string>> expand_hostlist(std::string_view text);

// The short form of names, in their order: consecutive numbers of one width are joined.
[[nodiscard]] std::string compress_hostlist(const std::vector<std::string>& names);

}  // namespace usine
