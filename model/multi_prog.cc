#include "model/multi_prog.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/check.h"
#include "model/script.h"

namespace usine {
namespace {

constexpr std::string_view kForm = "write ranks and a program, such as '0-3 ./solver %t'";

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "3" or "0-3": the first and the last.
std::optional<std::pair<std::uint32_t, std::uint32_t>> range_of(std::string_view text) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto first = number_of(text.substr(0, dash));
  const auto last = dash == text.size() ? first : number_of(text.substr(dash + 1));
  if (!first || !last || *last < *first) return std::nullopt;
  return std::pair(*first, *last);
}

std::string expand(std::string_view word, std::uint32_t rank, std::uint32_t place) {
  std::string text;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const char next = word[i] == '%' && i + 1 < word.size() ? word[i + 1] : '\0';
    if (next == 't') text += std::to_string(rank);
    if (next == 'o') text += std::to_string(place);
    if (next == '%') text += '%';
    const bool taken = next == 't' || next == 'o' || next == '%';
    if (!taken) text += word[i];
    if (taken) ++i;
  }
  return text;
}

}  // namespace

bool MultiProg::Line::place_of(std::uint32_t rank, std::uint32_t& place) const {
  place = 0;
  for (const auto& [first, last] : ranks) {
    if (rank >= first && rank <= last) {
      place += rank - first;
      return true;
    }
    place += last - first + 1;
  }
  place = rank;
  return rest;
}

Result<MultiProg> MultiProg::parse(std::string_view text, const std::string& file) {
  MultiProg programs;
  programs.file_ = file;
  std::string joined;
  std::size_t number = 0;
  std::size_t first = 1;  // line that `joined` begins on
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    ++number;
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool goes_on = line.ends_with('\\') && !text.empty();
    if (line.ends_with('\\')) line.remove_suffix(1);
    joined += line;
    if (goes_on) continue;
    if (Status added = programs.add(joined, first); !added) return fail(added.error());
    joined.clear();
    first = number + 1;
  }
  if (programs.lines_.empty()) {
    return fail(ErrorCode::kInvalid, file + " names no program: " + std::string(kForm));
  }
  return programs;
}

Status MultiProg::add(std::string_view text, std::size_t number) {
  auto words = split_directive(text);
  if (!words) return fail(words.error().within(at(number)));
  if (words->empty()) return {};
  Line line;
  line.number = number;
  if (Status read = read_ranks(words->front(), line); !read) return read;
  if (words->size() == 1) {
    return fail(ErrorCode::kInvalid, at(number) + ": no program is named for rank " +
                                         words->front() + ": " + std::string(kForm));
  }
  line.words.assign(words->begin() + 1, words->end());
  lines_.push_back(std::move(line));
  return {};
}

Status MultiProg::read_ranks(std::string_view text, Line& line) const {
  const std::string place = at(line.number) + ": ";
  line.rest = text == "*";
  if (line.rest) {
    const auto other = std::ranges::find(lines_, true, &Line::rest);
    if (other == lines_.end()) return {};
    return fail(ErrorCode::kInvalid, place + "line " + std::to_string(other->number) +
                                         " is for * already: leave one of the two out");
  }
  const std::string whole(text);
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto range = range_of(text.substr(0, comma));
    if (!range) {
      return fail(ErrorCode::kInvalid,
                  place + '\'' + whole + "' is no list of ranks: write 0-3,7 or *");
    }
    if (Status free = check_free(*range, line.number); !free) return free;
    line.ranks.push_back(*range);
    if (comma == text.size()) return {};
    text.remove_prefix(comma + 1);
  }
}

Status MultiProg::check_free(const Range& range, std::size_t number) const {
  const auto shares = [&range](const Range& other) {
    return other.first <= range.second && range.first <= other.second;
  };
  for (const Line& other : lines_) {
    const auto shared = std::ranges::find_if(other.ranks, shares);
    if (shared == other.ranks.end()) continue;
    return fail(ErrorCode::kInvalid, at(number) + ": rank " +
                                         std::to_string(std::max(range.first, shared->first)) +
                                         " has a program on line " + std::to_string(other.number) +
                                         " already: leave it out of one of the two");
  }
  return {};
}

Status MultiProg::check(std::uint32_t tasks) const {
  for (const Line& line : lines_) {
    for (const auto& [first, last] : line.ranks) {
      if (last < tasks) continue;
      return fail(ErrorCode::kInvalid, at(line.number) + ": there is no rank " +
                                           std::to_string(std::max(first, tasks)) +
                                           ": the step has " + std::to_string(tasks) + " task" +
                                           (tasks == 1 ? "" : "s") + ", the first is rank 0");
    }
  }
  for (std::uint32_t rank = 0; rank < tasks; ++rank) {
    if (line_of(rank) != nullptr) continue;
    return fail(ErrorCode::kInvalid, file_ + " has no program for rank " + std::to_string(rank) +
                                         ": add a line for it, or one for *");
  }
  return {};
}

const MultiProg::Line* MultiProg::line_of(std::uint32_t rank) const {
  const Line* found = nullptr;
  for (const Line& line : lines_) {
    std::uint32_t place = 0;
    if (!line.place_of(rank, place)) continue;
    if (!line.rest) return &line;
    found = &line;
  }
  return found;
}

std::vector<std::string> MultiProg::command_of(std::uint32_t rank) const {
  const Line* const line = line_of(rank);
  CHECK_THAT(line != nullptr);
  std::uint32_t place = 0;
  static_cast<void>(line->place_of(rank, place));
  std::vector<std::string> command;
  for (const std::string& word : line->words) command.push_back(expand(word, rank, place));
  return command;
}

}  // namespace usine
