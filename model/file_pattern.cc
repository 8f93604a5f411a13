#include "model/file_pattern.h"

#include <algorithm>
#include <cstddef>
#include <functional>

namespace usine {
namespace {

constexpr std::size_t kWidthMax = 10;
constexpr std::string_view kLetters = "jJAaxuNnts%";

std::string one_file_name(std::string text) {
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string padded(std::uint64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::optional<std::string> padded(std::optional<std::uint32_t> number, std::size_t width) {
  return number ? std::optional(padded(std::uint64_t{*number}, width)) : std::nullopt;
}

std::optional<std::string> value_of(char letter, std::size_t width,
                                    const FilePatternValues& values) {
  switch (letter) {
    case '%': return "%";
    case 'j': return padded(values.job, width);
    case 'A': return padded(values.array, width);
    case 'a': return padded(values.array_index, width);
    case 'J':
      if (!values.step) return std::nullopt;
      return std::to_string(values.job) + '.' + *values.step;
    case 's': return values.step;
    case 'x': return one_file_name(values.job_name);
    case 'u': return one_file_name(values.user);
    case 'N':
      if (!values.node) return std::nullopt;
      return values.node->substr(0, values.node->find('.'));
    case 'n': return padded(values.node_index, width);
    case 't': return padded(values.task, width);
    default: return std::nullopt;
  }
}

// Goes over a pattern: plain letters and, for each %, its width and letter ('\0' at the end).
void scan(std::string_view pattern, const std::function<void(char)>& plain,
          const std::function<bool(std::size_t width, char letter)>& replace) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      plain(pattern[i]);
      continue;
    }
    std::size_t width = 0;
    std::size_t letter = i + 1;
    for (; letter < pattern.size() && pattern[letter] >= '0' && pattern[letter] <= '9'; ++letter) {
      width = std::min(width * 10 + static_cast<std::size_t>(pattern[letter] - '0'), kWidthMax);
    }
    if (replace(width, letter < pattern.size() ? pattern[letter] : '\0')) {
      i = letter;
    } else {
      plain('%');
    }
  }
}

bool is_literal(std::string_view pattern) { return pattern.find('\\') != std::string_view::npos; }

}  // namespace

std::string expand_file_pattern(std::string_view pattern, const FilePatternValues& values) {
  std::string name;
  if (is_literal(pattern)) {
    std::ranges::copy_if(pattern, std::back_inserter(name), [](char c) { return c != '\\'; });
    return name;
  }
  const auto replace = [&](std::size_t width, char letter) {
    const auto value = value_of(letter, width, values);
    if (value) name += *value;
    return value.has_value();
  };
  scan(pattern, [&](char c) { name += c; }, replace);
  return name;
}

Status check_file_pattern(std::string_view pattern) {
  bool known = true;
  const auto check = [&](std::size_t, char letter) {
    const bool stands_for_something = letter != 0 && kLetters.find(letter) != std::string::npos;
    known = known && stands_for_something;
    return stands_for_something;
  };
  if (!is_literal(pattern)) scan(pattern, [](char) {}, check);
  if (known) return {};
  return fail(
      ErrorCode::kInvalid,
      "'" + std::string(pattern) +
          "' holds a pattern that is not known: known are %j (job), %x (name), %u (user), "
          "%N and %n (node), %t (task), %s (step), %J (job.step), %A and %a (array), and %% "
          "for a % sign");
}

}  // namespace usine
