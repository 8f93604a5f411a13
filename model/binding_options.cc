#include "model/binding_options.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace usine {
namespace {

constexpr std::string_view kCpuRemedy =
    ": write none, cores, threads, sockets, ldoms, rank, map_cpu:LIST or mask_cpu:LIST";
constexpr std::string_view kGpuRemedy =
    ": write none, closest, single:N, per_task:N, map_gpu:LIST or mask_gpu:LIST";

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

std::unexpected<Error> not_supported(std::string_view text, std::string_view remedy) {
  return fail(ErrorCode::kRefused, quoted(text) + " is not supported" + std::string(remedy));
}

std::unexpected<Error> no_binding(std::string_view text, std::string_view remedy) {
  return fail(ErrorCode::kInvalid, quoted(text) + " is no binding" + std::string(remedy));
}

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<unsigned> hex_digit_of(char letter) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(&letter, &letter + 1, value, 16);
  if (error != std::errc()) return std::nullopt;
  return value;
}

// Whether "verbose," or "quiet," stood in front, which goes off the text.
bool take_verbosity(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(','));
  const bool verbose = word == "verbose" || word == "v";
  if (!verbose && word != "quiet" && word != "q") return false;
  text.remove_prefix(std::min(text.size(), word.size() + 1));
  return verbose;
}

Status read_number(std::string_view text, BoundNumbers& numbers) {
  const auto number = number_of(text);
  if (!number || *number >= kBoundNumbersMax) {
    return fail(ErrorCode::kInvalid,
                quoted(text) + " is no number below " + std::to_string(kBoundNumbersMax));
  }
  numbers.push_back(*number);
  return {};
}

// "0xff" or "ff", the lowest number last.
Status read_mask(std::string_view text, BoundNumbers& numbers) {
  std::string_view digits = text;
  if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
  bool sound = !digits.empty() && digits.size() * 4 <= kBoundNumbersMax;
  for (std::size_t i = 0; sound && i < digits.size(); ++i) {
    const auto digit = hex_digit_of(digits[digits.size() - 1 - i]);
    sound = digit.has_value();
    for (std::uint32_t bit = 0; sound && bit < 4; ++bit) {
      if (((*digit >> bit) & 1) != 0) numbers.push_back(static_cast<std::uint32_t>(4 * i) + bit);
    }
  }
  if (sound && !numbers.empty()) return {};
  return fail(ErrorCode::kInvalid,
              quoted(text) + " is no mask: write a hexadecimal number such as 0x3");
}

// Values between commas, one for each task of a node in turn.
Result<std::vector<BoundNumbers>> read_list(std::string_view list,
                                            Status (*read)(std::string_view, BoundNumbers&)) {
  std::vector<BoundNumbers> sets;
  while (true) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (Status done = read(list.substr(0, comma), sets.emplace_back()); !done) {
      return fail(done.error());
    }
    if (comma == list.size()) return sets;
    list.remove_prefix(comma + 1);
  }
}

// Fills in the sets where the text is KIND with one of the two prefixes.
template <typename Binding>
Result<bool> read_sets(std::string_view text, std::string_view device, Binding& binding) {
  const std::string map = "map_" + std::string(device) + ':';
  const std::string mask = "mask_" + std::string(device) + ':';
  const bool is_map = text.starts_with(map);
  if (!is_map && !text.starts_with(mask)) return false;
  auto sets = is_map ? read_list(text.substr(map.size()), read_number)
                     : read_list(text.substr(mask.size()), read_mask);
  if (!sets) return fail(sets.error());
  binding.kind = is_map ? Binding::Kind::kMap : Binding::Kind::kMask;
  binding.sets = *std::move(sets);
  return true;
}

}  // namespace

Result<CpuBinding> parse_cpu_binding(std::string_view text) {
  using Kind = CpuBinding::Kind;
  constexpr auto kWords = std::to_array<std::pair<std::string_view, Kind>>({
      {"", Kind::kCores},
      {"cores", Kind::kCores},
      {"none", Kind::kNone},
      {"no", Kind::kNone},
      {"threads", Kind::kThreads},
      {"sockets", Kind::kSockets},
      {"ldoms", Kind::kNumas},
      {"rank", Kind::kRank},
  });
  constexpr std::array<std::string_view, 4> kOthers = {"rank_ldom", "map_ldom", "mask_ldom",
                                                       "boards"};
  CpuBinding binding;
  binding.verbose = take_verbosity(text);
  for (const auto& [word, kind] : kWords) {
    if (word != text) continue;
    binding.kind = kind;
    return binding;
  }
  const auto listed = read_sets(text, "cpu", binding);
  if (!listed) return fail(listed.error());
  if (*listed) return binding;
  const bool other = std::ranges::find(kOthers, text.substr(0, text.find(':'))) != kOthers.end();
  return other ? not_supported(text, kCpuRemedy) : no_binding(text, kCpuRemedy);
}

Result<GpuBinding> parse_gpu_binding(std::string_view text) {
  using Kind = GpuBinding::Kind;
  GpuBinding binding;
  binding.verbose = take_verbosity(text);
  if (text.empty()) return binding;
  const auto listed = read_sets(text, "gpu", binding);
  if (!listed) return fail(listed.error());
  if (*listed) return binding;
  const std::string_view word = text.substr(0, text.find(':'));
  const bool counts = word == "single" || word == "per_task";
  if (counts) {
    const auto count = number_of(text.substr(std::min(text.size(), word.size() + 1)));
    if (!count || *count == 0) {
      return fail(ErrorCode::kInvalid,
                  quoted(text) + " needs a number: write " + std::string(word) + ":1");
    }
    binding.kind = word == "single" ? Kind::kSingle : Kind::kPerTask;
    binding.count = *count;
    return binding;
  }
  if (text != "none" && text != "closest") return no_binding(text, kGpuRemedy);
  binding.kind = text == "none" ? Kind::kNone : Kind::kClosest;
  return binding;
}

}  // namespace usine
