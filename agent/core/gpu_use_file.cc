#include "agent/core/gpu_use_file.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace usine::agent {
namespace {

// Takes it, and what ends it, from `rest`.
std::optional<std::int64_t> next_number(std::string_view& rest) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc{} || end == rest.data() + rest.size()) return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()) + 1);
  return number;
}

}  // namespace

std::string gpu_use_text(const ResourceUse& use) {
  return std::to_string(use.gpu_seen.count()) + ' ' + std::to_string(use.gpu_busy.count()) + ' ' +
         std::to_string(use.gpu_memory_mib) + '\n';
}

ResourceUse gpu_use_from(const std::string& text) {
  std::string_view rest = text;
  const auto seen = next_number(rest);
  const auto busy = next_number(rest);
  const auto memory = next_number(rest);
  if (!seen || !busy || !memory) return {};
  return {Millis{0}, Millis{*seen}, Millis{*busy}, *memory};
}

}  // namespace usine::agent
