// --constraint: which features the nodes of a job must have, in Slurm's words: `a&b`, `a|b`,
// parentheses, `gpu*4` (four such nodes among the others), `[a*2&b*4]` (two of one kind and four of
// another) and `[a|b]` (all nodes alike in one of these). Kept as values in a canonical form, so
// that equal wishes are equal. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace usine {

// A condition on the features of one node, as alternatives that each list features to have all of:
// "a&b|c" is {{a, b}, {c}}. Sorted, and without an alternative that another one implies. Empty:
// every node fits.
struct FeatureExpr {
  std::vector<std::vector<std::string>> any_of;

  [[nodiscard]] bool empty() const { return any_of.empty(); }
  [[nodiscard]] bool fits(std::span<const std::string> features) const;
  friend auto operator<=>(const FeatureExpr&, const FeatureExpr&) = default;
};

// So many nodes, each of which fits `what`.
struct FeatureCount {
  FeatureExpr what;
  std::uint32_t nodes = 0;

  friend auto operator<=>(const FeatureCount&, const FeatureCount&) = default;
};

struct Constraint {
  FeatureExpr every;                 // of each node
  std::vector<FeatureExpr> one_of;   // [a|b]: one of these, which then all nodes must fit
  std::vector<FeatureCount> counts;  // [a*2&b*4]: disjoint parts of the job's nodes

  [[nodiscard]] bool empty() const { return every.empty() && one_of.empty() && counts.empty(); }
  friend bool operator==(const Constraint&, const Constraint&) = default;
};

// Bounds on one constraint, named where they are exceeded.
inline constexpr std::size_t kConstraintBytesMax = 1024;
inline constexpr std::size_t kAlternativesMax = 64;

// Error: kInvalid, with the text, the column where reading stopped and what is expected there.
[[nodiscard]] Result<Constraint> parse_constraint(std::string_view text);

// In the same words, which parse to an equal value; empty where nothing is asked.
[[nodiscard]] std::string to_string(const FeatureExpr& expr);
[[nodiscard]] std::string to_string(const Constraint& constraint);

// What a node must fit to fit both.
[[nodiscard]] FeatureExpr both(const FeatureExpr& a, const FeatureExpr& b);

// A way to satisfy a constraint with a gang: its parts sum to the gang's nodes, each with what its
// nodes must fit. Parts with more features come before the one that takes the rest.
using FeatureParts = std::vector<FeatureCount>;

// All ways for a gang of `nodes` nodes, in the order in which they are to be tried; never empty,
// and one part without a condition where nothing is asked. `nodes` is at least
// nodes_of_counts(constraint).
[[nodiscard]] std::vector<FeatureParts> ways_to_fit(const Constraint& constraint,
                                                    std::uint32_t nodes);

// The sum of its counts, which a gang must have at least.
[[nodiscard]] std::uint64_t nodes_of_counts(const Constraint& constraint);

// Each feature that it names, once, sorted.
[[nodiscard]] std::vector<std::string> features_of(const Constraint& constraint);

template <typename A>
void fields(A& a, FeatureExpr& v) {
  a(v.any_of);
}
template <typename A>
void fields(A& a, FeatureCount& v) {
  a(v.what, v.nodes);
}
template <typename A>
void fields(A& a, Constraint& v) {
  a(v.every, v.one_of, v.counts);
}

}  // namespace usine
