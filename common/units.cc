#include "common/units.h"

#include <array>
#include <optional>

namespace usine {
namespace {

constexpr std::int64_t kKibPerMib = 1024;
constexpr std::array<std::string_view, 4> kUnitNames = {"MiB", "GiB", "TiB", "PiB"};

std::unexpected<Error> malformed(std::string_view text) {
  return fail(ErrorCode::kInvalid,
              "'" + std::string(text) +
                  "' is not an amount of memory: write whole MiB (4096), or a number with K, M, G "
                  "or T (4G)");
}

char upper(char letter) {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

// The letter of a unit ("", "M", "MB" and "MiB" are all 'M'), or none where it is not a unit.
std::optional<char> unit_letter(std::string_view unit) {
  if (unit.empty()) return 'M';
  const char letter = upper(unit.front());
  unit.remove_prefix(1);
  if (!unit.empty() && upper(unit.front()) == 'I') {
    unit.remove_prefix(1);
    if (unit.empty()) return std::nullopt;
  }
  const bool ended = unit.empty() || (unit.size() == 1 && upper(unit.front()) == 'B');
  return ended ? std::optional(letter) : std::nullopt;
}

}  // namespace

Result<std::int64_t> parse_memory_mib(std::string_view text) {
  constexpr std::size_t kDigitsMax = 12;  // terabytes of that many digits still fit 63 bits
  std::int64_t amount = 0;
  std::size_t digits = 0;
  while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9') {
    if (digits == kDigitsMax) return malformed(text);
    amount = amount * 10 + (text[digits] - '0');
    ++digits;
  }
  const auto letter = unit_letter(text.substr(digits));
  if (digits == 0 || !letter) return malformed(text);
  switch (*letter) {
    case 'K': return (amount + kKibPerMib - 1) / kKibPerMib;
    case 'M': return amount;
    case 'G': return amount * 1024;
    case 'T': return amount * 1024 * 1024;
    default: return malformed(text);
  }
}

std::string format_memory_mib(std::int64_t mib) {
  const bool negative = mib < 0;
  const std::int64_t size = negative ? -mib : mib;
  std::size_t unit = 0;
  std::int64_t divisor = 1;
  std::int64_t tenths = size * 10;
  while (tenths >= 10 * 1024 && unit + 1 < kUnitNames.size()) {
    ++unit;
    divisor *= 1024;
    tenths = (size * 10 + divisor / 2) / divisor;
  }
  std::string text = (negative ? "-" : "") + std::to_string(tenths / 10);
  if (tenths % 10 != 0) text += '.' + std::to_string(tenths % 10);
  return text + ' ' + std::string(kUnitNames[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view plural_end) {
  std::string text = std::to_string(count) + ' ' + std::string(one);
  return count == 1 ? text : text + std::string(plural_end);
}

}  // namespace usine
