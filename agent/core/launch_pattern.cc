#include "agent/core/launch_pattern.h"

#include <algorithm>
#include <cstddef>
#include <optional>

namespace usine::agent {
namespace {

constexpr std::size_t kWidthMax = 10;

std::string one_file_name(std::string text) {
  std::ranges::replace(text, '/', '_');
  return text;
}

std::string padded(std::uint64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::optional<std::string> value_of(char letter, std::size_t width, const LaunchJob& job,
                                    const PatternTask& task) {
  const std::uint64_t id = job.key.job.value;
  switch (letter) {
    case '%': return "%";
    case 'j': return padded(id, width);
    case 'A': return padded(job.array ? job.array->id : id, width);
    case 'a': return padded(job.array ? job.array->index : 0, width);
    case 'J': return std::to_string(id) + '.' + task.step;
    case 's': return task.step;
    case 'x': return one_file_name(job.name);
    case 'u': return one_file_name(job.user);
    case 'N': return task.node_name.substr(0, task.node_name.find('.'));
    case 'n': return padded(task.node_index, width);
    case 't': return padded(task.task, width);
    default: return std::nullopt;
  }
}

}  // namespace

std::string expand_pattern(std::string_view pattern, const LaunchJob& job,
                           const PatternTask& task) {
  std::string name;
  if (pattern.find('\\') != std::string_view::npos) {
    std::ranges::copy_if(pattern, std::back_inserter(name), [](char c) { return c != '\\'; });
    return name;
  }
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      name += pattern[i];
      continue;
    }
    std::size_t width = 0;
    std::size_t letter = i + 1;
    for (; letter < pattern.size() && pattern[letter] >= '0' && pattern[letter] <= '9'; ++letter) {
      width = std::min(width * 10 + static_cast<std::size_t>(pattern[letter] - '0'), kWidthMax);
    }
    const char which = letter < pattern.size() ? pattern[letter] : '\0';
    if (const auto value = value_of(which, width, job, task)) {
      name += *value;
      i = letter;
    } else {
      name += '%';
    }
  }
  return name;
}

}  // namespace usine::agent
