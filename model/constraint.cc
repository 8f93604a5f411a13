#include "model/constraint.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

namespace usine {
namespace {

using Features = std::vector<std::string>;

constexpr std::string_view kOperators = "&|()[]*,!";

// Sorted, without what stands twice and without alternatives that ask for more than another does.
FeatureExpr canonical(std::vector<Features> any_of) {
  for (Features& all_of : any_of) {
    std::ranges::sort(all_of);
    const auto repeated = std::ranges::unique(all_of);
    all_of.erase(repeated.begin(), repeated.end());
  }
  std::ranges::sort(any_of);
  const auto repeated = std::ranges::unique(any_of);
  any_of.erase(repeated.begin(), repeated.end());
  FeatureExpr kept;
  for (const Features& one : any_of) {
    const bool implied = std::ranges::any_of(any_of, [&one](const Features& other) {
      return other.size() < one.size() && std::ranges::includes(one, other);
    });
    if (!implied) kept.any_of.push_back(one);
  }
  return kept;
}

// Both at once; of alternatives that all nodes must be alike in, every pair.
Constraint combine(const Constraint& a, const Constraint& b) {
  Constraint made{both(a.every, b.every), {}, a.counts};
  std::ranges::copy(b.counts, std::back_inserter(made.counts));
  std::ranges::sort(made.counts);
  if (a.one_of.empty() || b.one_of.empty()) {
    made.one_of = a.one_of.empty() ? b.one_of : a.one_of;
    return made;
  }
  for (const FeatureExpr& one : a.one_of) {
    for (const FeatureExpr& other : b.one_of) made.one_of.push_back(both(one, other));
  }
  return made;
}

// Recursive descent; as deep as parentheses are nested, which kConstraintBytesMax bounds.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<Constraint> parse() {
    if (text_.size() > kConstraintBytesMax) {
      return fail(ErrorCode::kInvalid, "a constraint of " + std::to_string(text_.size()) +
                                           " bytes is longer than the limit of " +
                                           std::to_string(kConstraintBytesMax));
    }
    Result<Constraint> read = alternatives();
    if (read && next_ < text_.size()) return expected("& or |");
    return read;
  }

 private:
  Result<Constraint> alternatives() {
    const std::size_t begin = next_;
    std::vector<Constraint> parts;
    bool ambiguous = false;
    do {
      bool joined = false;
      Result<Constraint> part = conjunction(joined);
      if (!part) return part;
      ambiguous |= joined && !parts.empty();
      parts.push_back(*std::move(part));
    } while (take('|'));
    if (parts.size() == 1) return std::move(parts.front());
    // Slurm reads `a|b&c` from left to right, others take & first.
    if (ambiguous) return stop(begin, "& follows |: write parentheses, such as (a|b)&c");
    return one_of(parts, begin);
  }

  Result<Constraint> one_of(const std::vector<Constraint>& parts, std::size_t begin) {
    std::vector<Features> any_of;
    for (const Constraint& part : parts) {
      if (!part.counts.empty() || !part.one_of.empty()) {
        return stop(begin, "counts and brackets are joined by &, not by |");
      }
      std::ranges::copy(part.every.any_of, std::back_inserter(any_of));
    }
    return checked({canonical(std::move(any_of)), {}, {}}, begin);
  }

  // `joined`: whether & made it of several.
  Result<Constraint> conjunction(bool& joined) {
    const std::size_t begin = next_;
    Result<Constraint> all = counted();
    while (all && take('&')) {
      joined = true;
      const Result<Constraint> next = counted();
      if (!next) return next;
      all = checked(combine(*all, *next), begin);
    }
    return all;
  }

  Result<Constraint> counted() {
    const std::size_t begin = next_;
    Result<Constraint> part = factor();
    if (!part || !take('*')) return part;
    std::uint32_t count = 0;
    const auto [end, error] =
        std::from_chars(text_.data() + next_, text_.data() + text_.size(), count);
    if (error != std::errc() || count == 0) return expected("a number of nodes");
    next_ = static_cast<std::size_t>(end - text_.data());
    if (!part->counts.empty() || !part->one_of.empty()) {
      return stop(begin, "only features, alone or in parentheses, can have a count");
    }
    return Constraint{{}, {}, {{std::move(part->every), count}}};
  }

  Result<Constraint> factor() {
    if (take('(')) return closed(')');
    const std::size_t begin = next_;
    if (take('[')) {
      Result<Constraint> inside = closed(']');
      return inside ? bracketed(*std::move(inside), begin) : inside;
    }
    const std::size_t end = std::min(text_.find_first_of(kOperators, begin), text_.size());
    const std::string name(text_.substr(begin, end - begin));
    const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
    if (name.empty() || std::ranges::any_of(name, odd)) return expected("the name of a feature");
    next_ = end;
    return Constraint{{{{name}}}, {}, {}};
  }

  Result<Constraint> closed(char end) {
    Result<Constraint> inside = alternatives();
    if (inside && !take(end)) return expected(std::string("& or | or ") + end);
    return inside;
  }

  // `[a|b]`: all nodes alike; `[a*2&b*4]` says no more than without the brackets.
  Result<Constraint> bracketed(Constraint inside, std::size_t begin) {
    if (!inside.counts.empty()) {
      if (inside.every.empty() && inside.one_of.empty()) return inside;
      return stop(begin, "in brackets either each feature has a count or none has");
    }
    if (inside.every.any_of.size() < 2) return inside;
    Constraint made{{}, std::move(inside.one_of), {}};
    Constraint alike;
    for (Features& all_of : inside.every.any_of) alike.one_of.push_back({{std::move(all_of)}});
    return checked(combine(made, alike), begin);
  }

  Result<Constraint> checked(Constraint made, std::size_t begin) {
    if (made.every.any_of.size() <= kAlternativesMax && made.one_of.size() <= kAlternativesMax) {
      return made;
    }
    return stop(begin, "this stands for more than the limit of " +
                           std::to_string(kAlternativesMax) + " alternatives");
  }

  bool take(char c) {
    if (next_ >= text_.size() || text_[next_] != c) return false;
    ++next_;
    return true;
  }

  std::unexpected<Error> expected(const std::string& what) {
    const std::string found =
        next_ < text_.size() ? std::string("'") + text_[next_] + "'" : "the end";
    return stop(next_, what + " is expected, and there is " + found);
  }

  std::unexpected<Error> stop(std::size_t at, const std::string& why) {
    return fail(ErrorCode::kInvalid, "'" + std::string(text_) + "', column " +
                                         std::to_string(at + 1) + ": " + why +
                                         "; write such as a100&ib, a|b or [a*2&b*4]");
  }

  std::string_view text_;
  std::size_t next_ = 0;
};

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

// As one operand of & or *.
std::string operand(const FeatureExpr& expr) {
  const bool single = expr.any_of.size() == 1 && expr.any_of.front().size() == 1;
  return single ? to_string(expr) : '(' + to_string(expr) + ')';
}

void add_features(const FeatureExpr& expr, std::vector<std::string>& names) {
  for (const Features& all_of : expr.any_of) std::ranges::copy(all_of, std::back_inserter(names));
}

}  // namespace

bool FeatureExpr::fits(std::span<const std::string> features) const {
  const auto has = [features](const std::string& name) {
    return std::ranges::find(features, name) != features.end();
  };
  return any_of.empty() || std::ranges::any_of(any_of, [&has](const Features& all_of) {
           return std::ranges::all_of(all_of, has);
         });
}

Result<Constraint> parse_constraint(std::string_view text) { return Parser(text).parse(); }

std::string to_string(const FeatureExpr& expr) {
  std::vector<std::string> parts;
  for (const Features& all_of : expr.any_of) {
    const std::string part = join(all_of, "&");
    const bool apart = expr.any_of.size() > 1 && all_of.size() > 1;
    parts.push_back(apart ? '(' + part + ')' : part);
  }
  return join(parts, "|");
}

std::string to_string(const Constraint& constraint) {
  std::vector<std::string> parts;
  const bool alone = constraint.one_of.empty() && constraint.counts.empty();
  if (!constraint.every.empty()) {
    const bool grouped = !alone && constraint.every.any_of.size() > 1;
    const std::string text = to_string(constraint.every);
    parts.push_back(grouped ? '(' + text + ')' : text);
  }
  std::vector<std::string> alike;
  for (const FeatureExpr& one : constraint.one_of) alike.push_back(operand(one));
  if (!alike.empty()) parts.push_back('[' + join(alike, "|") + ']');
  std::vector<std::string> counts;
  for (const FeatureCount& count : constraint.counts) {
    counts.push_back(operand(count.what) + '*' + std::to_string(count.nodes));
  }
  if (!counts.empty()) parts.push_back('[' + join(counts, "&") + ']');
  return join(parts, "&");
}

FeatureExpr both(const FeatureExpr& a, const FeatureExpr& b) {
  if (a.empty() || b.empty()) return a.empty() ? b : a;
  std::vector<Features> any_of;
  for (const Features& one : a.any_of) {
    for (const Features& other : b.any_of) {
      Features all_of = one;
      std::ranges::copy(other, std::back_inserter(all_of));
      any_of.push_back(std::move(all_of));
    }
  }
  return canonical(std::move(any_of));
}

std::vector<FeatureParts> ways_to_fit(const Constraint& constraint, std::uint32_t nodes) {
  std::vector<FeatureExpr> alternatives = constraint.one_of;
  if (alternatives.empty()) alternatives.emplace_back();
  std::vector<FeatureParts> ways;
  for (const FeatureExpr& alternative : alternatives) {
    const FeatureExpr base = both(constraint.every, alternative);
    FeatureParts parts;
    std::uint32_t rest = nodes;
    for (const FeatureCount& count : constraint.counts) {
      parts.push_back({both(base, count.what), count.nodes});
      rest -= std::min(rest, count.nodes);
    }
    if (rest > 0) parts.push_back({base, rest});
    ways.push_back(std::move(parts));
  }
  return ways;
}

std::uint64_t nodes_of_counts(const Constraint& constraint) {
  std::uint64_t nodes = 0;
  for (const FeatureCount& count : constraint.counts) nodes += count.nodes;
  return nodes;
}

std::vector<std::string> features_of(const Constraint& constraint) {
  std::vector<std::string> names;
  add_features(constraint.every, names);
  for (const FeatureExpr& one : constraint.one_of) add_features(one, names);
  for (const FeatureCount& count : constraint.counts) add_features(count.what, names);
  std::ranges::sort(names);
  const auto repeated = std::ranges::unique(names);
  names.erase(repeated.begin(), repeated.end());
  return names;
}

}  // namespace usine
