#include "model/dependency.h"

#include <doctest/doctest.h>

namespace usine {
namespace {

Dependencies parsed(std::string_view text) {
  const auto dependencies = parse_dependencies(text);
  REQUIRE_MESSAGE(dependencies.has_value(), (dependencies ? "" : dependencies.error().message));
  return *dependencies;
}

std::string refusal(std::string_view text) {
  const auto dependencies = parse_dependencies(text);
  REQUIRE_FALSE(dependencies.has_value());
  CHECK(dependencies.error().code == ErrorCode::kInvalid);
  return dependencies.error().message;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("every kind of dependency is read with its ids and minutes") {
  const Dependencies all =
      parsed("afterok:12:13,afternotok:14,afterany:15,after:16+10:17,aftercorr:18,singleton");
  CHECK_FALSE(all.any);
  REQUIRE(all.items.size() == 8);
  CHECK(all.items[0] == Dependency{DependencyKind::kAfterOk, {12}, std::nullopt, {}});
  CHECK(all.items[1] == Dependency{DependencyKind::kAfterOk, {13}, std::nullopt, {}});
  CHECK(all.items[2].kind == DependencyKind::kAfterNotOk);
  CHECK(all.items[3].kind == DependencyKind::kAfterAny);
  CHECK(all.items[4] == Dependency{DependencyKind::kAfter, {16}, std::nullopt, Seconds{600}});
  CHECK(all.items[5] == Dependency{DependencyKind::kAfter, {17}, std::nullopt, {}});
  CHECK(all.items[6].kind == DependencyKind::kAfterCorr);
  CHECK(all.items[7].kind == DependencyKind::kSingleton);
  CHECK(parsed("afterok:12_7").items[0].task == 7);
}

TEST_CASE("what is read is written back as it can be read again") {
  for (const std::string text :
       {"afterok:12,afterok:13", "after:16+10?afterany:3", "singleton", "aftercorr:5_2"}) {
    CHECK(to_string(parsed(text)) == text);
    CHECK(parsed(to_string(parsed(text))) == parsed(text));
  }
  CHECK(to_string(parsed("afterok:1:2?afterany:3")) == "afterok:1?afterok:2?afterany:3");
}

TEST_CASE("[B16] a mixture of all and any is refused and says what each sign means") {
  CHECK(contains(refusal("afterok:1,afterok:2?afterok:3"), "cannot be mixed"));
  CHECK(parsed("afterok:1?afterok:2").any);
}

TEST_CASE("what cannot be read as a dependency is refused with a form that can") {
  CHECK(contains(refusal("afterwards:1"), "'afterwards' is not a kind of dependency"));
  CHECK(contains(refusal("afterok"), "write afterok:12"));
  CHECK(contains(refusal("afterok:"), "is not a job id"));
  CHECK(contains(refusal("afterok:0"), "is not a job id"));
  CHECK(contains(refusal("afterok:x1"), "'x1' is not a job id"));
  CHECK(contains(refusal("afterok:1+5"), "'after' only"));
  CHECK(contains(refusal("after:1+soon"), "'soon' is not a number of minutes"));
  CHECK(contains(refusal("singleton:4"), "takes no job ids"));
  CHECK(contains(refusal(""), "no dependency is named"));
  CHECK(contains(refusal("afterok:1,"), "is not a kind of dependency"));
  CHECK(contains(refusal("afterok:1_x"), "is not a task of an array"));
}

TEST_CASE("[B16] a list of all is met with its last part and a list of any with its first") {
  const DependencyStatus waiting;
  const DependencyStatus never{DependencyPhase::kNever, {}};
  const DependencyStatus early{DependencyPhase::kMet, Time{Millis{100}}};
  const DependencyStatus late{DependencyPhase::kMet, Time{Millis{900}}};
  const Dependencies all = parsed("afterok:1,afterok:2");
  CHECK(verdict(all, {early, late}) == late);
  CHECK(verdict(all, {early, waiting}) == waiting);
  CHECK(verdict(all, {waiting, never}) == never);
  const Dependencies any = parsed("afterok:1?afterok:2");
  CHECK(verdict(any, {late, early}) == early);
  CHECK(verdict(any, {never, late}) == late);
  CHECK(verdict(any, {never, waiting}) == waiting);
  CHECK(verdict(any, {never, never}) == never);
  CHECK(verdict({}, {}).phase == DependencyPhase::kMet);
}

}  // namespace
}  // namespace usine
