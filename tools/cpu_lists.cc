#include "tools/cpu_lists.h"

#include <iterator>

namespace usine::tools {

std::string cpu_list(const std::set<std::uint32_t>& cpus) {
  std::string text;
  for (auto begin = cpus.begin(); begin != cpus.end();) {
    auto last = begin;
    for (auto next = std::next(last); next != cpus.end() && *next == *last + 1; ++next) last = next;
    text += (text.empty() ? "" : ",") + std::to_string(*begin);
    if (last != begin) text += '-' + std::to_string(*last);
    begin = std::next(last);
  }
  return text;
}

std::set<std::uint32_t> cpus_of_numa(const NodeShape& shape, std::int16_t numa) {
  std::set<std::uint32_t> cpus;
  for (const CoreShape& core : shape.cores) {
    if (core.numa == numa) cpus.insert(core.pus.begin(), core.pus.end());
  }
  return cpus;
}

}  // namespace usine::tools
