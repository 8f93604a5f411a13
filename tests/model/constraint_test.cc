#include "model/constraint.h"

#include <algorithm>
#include <random>

#include <doctest/doctest.h>

#include "common/codec.h"

using namespace usine;

namespace {

Constraint parsed(const std::string& text) {
  const auto constraint = parse_constraint(text);
  INFO(text);
  REQUIRE(constraint);
  return *constraint;
}

std::string fault(const std::string& text) {
  const auto constraint = parse_constraint(text);
  return constraint ? "" : constraint.error().message;
}

bool starts_with(const std::string& text, const std::string& front) {
  return text.starts_with(front);
}

// A random expression in the words that are allowed, with parentheses wherever they could matter.
std::string random_expression(std::mt19937& random, int depth) {
  const auto below = [&random](unsigned bound) { return static_cast<unsigned>(random() % bound); };
  if (depth == 0 || below(3) == 0) return std::string(1, static_cast<char>('a' + below(4)));
  const std::string between = below(2) == 0 ? "&" : "|";
  std::string text = "(" + random_expression(random, depth - 1);
  for (unsigned i = below(2) + 1; i > 0; --i) {
    text += between + random_expression(random, depth - 1);
  }
  return text + ")";
}

// The same expression by the obvious rule, reading characters.
bool holds(std::string_view& text, const std::vector<std::string>& features) {
  if (text.front() != '(') {
    const std::string name(text.substr(0, 1));
    text.remove_prefix(1);
    return std::ranges::find(features, name) != features.end();
  }
  text.remove_prefix(1);
  bool value = holds(text, features);
  while (text.front() != ')') {
    const bool all = text.front() == '&';
    text.remove_prefix(1);
    const bool next = holds(text, features);
    value = all ? value && next : value || next;
  }
  text.remove_prefix(1);
  return value;
}

std::vector<std::string> features_of_bits(unsigned set) {
  std::vector<std::string> features;
  for (unsigned i = 0; i < 4; ++i) {
    if ((set >> i & 1) != 0) features.emplace_back(1, static_cast<char>('a' + i));
  }
  return features;
}

}  // namespace

TEST_CASE("[B60] features joined by & must all be there and of those joined by | one") {
  const Constraint constraint = parsed("(h100|a100)&ib");
  CHECK(constraint.every.fits(std::vector<std::string>{"ib", "a100"}));
  CHECK_FALSE(constraint.every.fits(std::vector<std::string>{"ib"}));
  CHECK_FALSE(constraint.every.fits(std::vector<std::string>{"h100", "a100"}));
  CHECK(constraint.one_of.empty());
  CHECK(constraint.counts.empty());
}

TEST_CASE("equal wishes are equal values however they are written") {
  CHECK(parsed("a&b|c") == parsed("c|(b&a)"));
  CHECK(parsed("a|(a&b)|a") == parsed("a"));
  CHECK(parsed("[a*2&b*4]") == parsed("b*4&a*2"));
  CHECK(parsed("[a&b]") == parsed("b&a"));
}

TEST_CASE("a constraint is written back in words that parse to an equal value") {
  CHECK(to_string(parsed("c|(b&a)")) == "(a&b)|c");
  CHECK(to_string(parsed("[r1|r2]&ib")) == "ib&[r1|r2]");
  CHECK(to_string(parsed("[b*4&a*2]")) == "[a*2&b*4]");
  CHECK(to_string(parsed("(a|b)*3&c")) == "c&[(a|b)*3]");
  CHECK(to_string(parsed("(a|b)&[c|d]&e*1")) == "(a|b)&[c|d]&[e*1]");
  for (const std::string text : {"[(a&b)|c]&[d|e]", "x&[(a|b)*2&c*3]", "(a|b)&(c|d)"}) {
    CHECK(parsed(to_string(parsed(text))) == parsed(text));
  }
}

TEST_CASE("random expressions hold for the features that the obvious rule says") {
  constexpr unsigned kSeed = 20261121;
  CAPTURE(kSeed);
  std::mt19937 random(kSeed);
  for (int round = 0; round < 300; ++round) {
    const std::string text = random_expression(random, 3);
    CAPTURE(text);
    const Constraint constraint = parsed(text);
    CHECK(parsed(to_string(constraint)) == constraint);
    CHECK(codec::decode<Constraint>(codec::encode(constraint)) == constraint);
    for (unsigned set = 0; set < 16; ++set) {
      const std::vector<std::string> features = features_of_bits(set);
      std::string_view rest = text;
      CHECK(constraint.every.fits(features) == holds(rest, features));
    }
  }
}

TEST_CASE("a gang with counts is parted into nodes of each kind and the rest") {
  const auto ways = ways_to_fit(parsed("ib&[a*2&b*4]"), 8);
  REQUIRE(ways.size() == 1);
  REQUIRE(ways[0].size() == 3);
  CHECK(to_string(ways[0][0].what) == "a&ib");
  CHECK(ways[0][0].nodes == 2);
  CHECK(to_string(ways[0][1].what) == "b&ib");
  CHECK(ways[0][1].nodes == 4);
  CHECK(to_string(ways[0][2].what) == "ib");
  CHECK(ways[0][2].nodes == 2);
}

TEST_CASE("a gang that must be alike has one way for each alternative") {
  const auto ways = ways_to_fit(parsed("[r1|r2]&ib"), 4);
  REQUIRE(ways.size() == 2);
  CHECK(to_string(ways[0].front().what) == "ib&r1");
  CHECK(to_string(ways[1].front().what) == "ib&r2");
  CHECK(ways_to_fit({}, 4) == std::vector<FeatureParts>{{{{}, 4}}});
}

TEST_CASE("what cannot be read is refused with its column and a remedy") {
  CHECK(starts_with(fault("a&&b"), "'a&&b', column 3: the name of a feature is expected"));
  CHECK(starts_with(fault("a&(b|c"), "'a&(b|c', column 7: & or | or ) is expected"));
  CHECK(starts_with(fault("a*"), "'a*', column 3: a number of nodes is expected"));
  CHECK(starts_with(fault("a*0"), "'a*0', column 3: a number of nodes"));
  CHECK(starts_with(fault("a b"), "'a b', column 1: the name of a feature"));
  CHECK(starts_with(fault("a,b"), "'a,b', column 2: & or | is expected"));
  CHECK(starts_with(fault("a|b&c"), "'a|b&c', column 1: & follows |: write parentheses"));
  CHECK(starts_with(fault("a*2|b*2"), "'a*2|b*2', column 1: counts and brackets are joined by &"));
  CHECK(starts_with(fault("[a*2&b]"), "'[a*2&b]', column 1: in brackets either each"));
  CHECK(starts_with(fault(""), "'', column 1"));
  CHECK(starts_with(fault(std::string(2000, 'a')), "a constraint of 2000 bytes"));
  const std::string wide = "(a|b)&(c|d)&(e|f)&(g|h)&(i|j)&(k|l)&(m|n)";
  CHECK(fault(wide).find("more than the limit of 64 alternatives") != std::string::npos);
}
