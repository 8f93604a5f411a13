#include "common/hostlist.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace usine {
namespace {

// Longer digit runs are serial numbers, not positions in a row of nodes; this many fit 63 bits.
constexpr std::size_t kNumberDigitsMax = 18;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_name_character(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' ||
         c == '.';
}

// `number` with leading zeros up to `width` digits.
std::string padded(std::uint64_t number, std::size_t width) {
  std::string digits = std::to_string(number);
  return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
}

// Reads a list from the left, remembering the place for messages.
class Expander {
 public:
  explicit Expander(std::string_view text) : text_(text) {}

  Result<std::vector<std::string>> run() {
    if (text_.empty()) return std::move(names_);
    while (true) {
      if (auto element = read_element(); !element) return fail(std::move(element.error()));
      if (at_ == text_.size()) return std::move(names_);
      ++at_;  // the comma that ended the element
    }
  }

 private:
  struct Number {
    std::uint64_t value = 0;
    std::size_t digits = 0;
  };

  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }

  [[nodiscard]] std::unexpected<Error> fault(const std::string& what) const {
    return fail(ErrorCode::kInvalid, "node list '" + std::string(text_) + "', column " +
                                         std::to_string(at_ + 1) + ": " + what);
  }

  // One comma-separated element: names multiply at every bracket group.
  Status read_element() {
    std::vector<std::string> element(1);
    const std::size_t begin = at_;
    while (at_ < text_.size() && text_[at_] != ',') {
      if (text_[at_] == '[') {
        auto group = read_group();
        if (!group) return fail(std::move(group.error()));
        if (names_.size() + element.size() * group->size() > kHostlistMax) return too_many();
        element = multiply(element, *group);
      } else if (is_name_character(text_[at_])) {
        for (std::string& name : element) name += text_[at_];
        ++at_;
      } else {
        return fault("a name has letters, digits, '-', '_' and '.' only");
      }
    }
    if (at_ == begin) return fault("a name is missing");
    if (names_.size() + element.size() > kHostlistMax) return too_many();
    for (std::string& name : element) names_.push_back(std::move(name));
    return {};
  }

  [[nodiscard]] std::unexpected<Error> too_many() const {
    return fault("the list stands for more than " + std::to_string(kHostlistMax) + " names");
  }

  // The numbers of "[001-004,007]" as texts, in order; at_ is on the bracket.
  Result<std::vector<std::string>> read_group() {
    std::vector<std::string> numbers;
    do {
      ++at_;  // the opening bracket, or the comma before a further range
      if (auto range = read_range(numbers); !range) return fail(std::move(range.error()));
    } while (peek() == ',');
    if (peek() != ']') return fault("expected ']'");
    ++at_;
    return numbers;
  }

  Status read_range(std::vector<std::string>& numbers) {
    const auto first = read_number();
    if (!first) return fault("expected a number");
    auto last = first;
    if (peek() == '-') {
      ++at_;
      last = read_number();
      if (!last) return fault("expected a number");
    }
    if (last->value < first->value) return fault("the range runs backwards");
    if (last->value - first->value >= kHostlistMax - numbers.size()) return too_many();
    for (std::uint64_t value = first->value; value <= last->value; ++value) {
      numbers.push_back(padded(value, first->digits));
    }
    return {};
  }

  std::optional<Number> read_number() {
    Number number;
    while (is_digit(peek()) && number.digits < kNumberDigitsMax) {
      number.value = number.value * 10 + static_cast<std::uint64_t>(peek() - '0');
      ++number.digits;
      ++at_;
    }
    return number.digits > 0 ? std::optional(number) : std::nullopt;
  }

  static std::vector<std::string> multiply(const std::vector<std::string>& fronts,
                                           const std::vector<std::string>& backs) {
    std::vector<std::string> product;
    product.reserve(fronts.size() * backs.size());
    for (const std::string& front : fronts) {
      for (const std::string& back : backs) product.push_back(front + back);
    }
    return product;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::vector<std::string> names_;
};

// A name around its last run of digits: "rack1-node007-ib" is "rack1-node", "007", "-ib".
struct SplitName {
  std::string_view prefix;
  std::string_view digits;  // empty where the name has no number that can be counted
  std::string_view suffix;
};

SplitName split_name(std::string_view name) {
  std::size_t end = name.size();
  while (end > 0 && !is_digit(name[end - 1])) --end;
  std::size_t begin = end;
  while (begin > 0 && is_digit(name[begin - 1])) --begin;
  if (end == begin || end - begin > kNumberDigitsMax) return {name, {}, {}};
  return {name.substr(0, begin), name.substr(begin, end - begin), name.substr(end)};
}

std::uint64_t number_of(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  return value;
}

// Collects neighbouring names that differ only in their number and writes them as one element.
class Compressor {
 public:
  void add(std::string_view name) {
    const SplitName next = split_name(name);
    const bool same_row = !ranges_.empty() && !next.digits.empty() && next.prefix == row_.prefix &&
                          next.suffix == row_.suffix;
    if (!same_row) {
      flush();
      row_ = next;
    }
    if (same_row && continues(ranges_.back(), next.digits)) {
      ranges_.back().last = next.digits;
    } else {
      ranges_.push_back({next.digits, next.digits});
    }
  }

  std::string finish() {
    flush();
    return std::move(text_);
  }

 private:
  struct Range {
    std::string_view first;
    std::string_view last;
  };

  // Expanding pads to the width of the range's first number, so that is what must give `next`.
  static bool continues(const Range& range, std::string_view next) {
    return padded(number_of(range.last) + 1, range.first.size()) == next;
  }

  void flush() {
    if (ranges_.empty()) return;
    if (!text_.empty()) text_ += ',';
    text_ += row_.prefix;
    const bool single = ranges_.size() == 1 && ranges_[0].first == ranges_[0].last;
    if (!single) text_ += '[';
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      if (i > 0) text_ += ',';
      text_ += ranges_[i].first;
      if (ranges_[i].last != ranges_[i].first) (text_ += '-') += ranges_[i].last;
    }
    if (!single) text_ += ']';
    text_ += row_.suffix;
    ranges_.clear();
  }

  SplitName row_;
  std::vector<Range> ranges_;
  std::string text_;
};

}  // namespace

Result<std::vector<std::string>> expand_hostlist(std::string_view text) {
  return Expander(text).run();
}

std::string compress_hostlist(const std::vector<std::string>& names) {
  Compressor compressor;
  for (const std::string& name : names) compressor.add(name);
  return compressor.finish();
}

}  // namespace usine
