#include "common/hostlist.h"

#include <random>

#include <doctest/doctest.h>

namespace usine {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("a node list expands in the order written") {
  CHECK(expand_hostlist("") == Names{});
  CHECK(expand_hostlist("login1") == Names{"login1"});
  CHECK(expand_hostlist("node[001-003,007],login1") ==
        Names{"node001", "node002", "node003", "node007", "login1"});
  CHECK(expand_hostlist("b,a,b") == Names{"b", "a", "b"});
  CHECK(expand_hostlist("n[3]-ib.site") == Names{"n3-ib.site"});
}

TEST_CASE("the width of a range's first number is kept") {
  CHECK(expand_hostlist("n[08-10]") == Names{"n08", "n09", "n10"});
  CHECK(expand_hostlist("n[8-10]") == Names{"n8", "n9", "n10"});
  CHECK(expand_hostlist("n[099-100]") == Names{"n099", "n100"});
}

TEST_CASE("several bracket groups in one name multiply") {
  CHECK(expand_hostlist("r[1-2]n[1-2]") == Names{"r1n1", "r1n2", "r2n1", "r2n2"});
}

TEST_CASE("a malformed node list is refused with the column of the fault") {
  const std::pair<const char*, const char*> cases[] = {
      {"n[1-2", "column 6"}, {"n[]", "column 3"},   {"n[1-]", "column 5"},  {"n[2-1]", "column 6"},
      {"a,,b", "column 3"},  {"a,", "column 3"},    {",a", "column 1"},     {"n]", "column 2"},
      {"a b", "column 2"},   {"n[1,]", "column 5"}, {"n[1[2]]", "column 4"}};
  for (const auto& [text, place] : cases) {
    CAPTURE(text);
    const auto names = expand_hostlist(text);
    REQUIRE(!names);
    CHECK(names.error().code == ErrorCode::kInvalid);
    CHECK(names.error().message.find(place) != std::string::npos);
  }
}

TEST_CASE("a node list that stands for too many names is refused before it is expanded") {
  CHECK(expand_hostlist("n[1-200000]")->size() == kHostlistMax);
  CHECK(!expand_hostlist("n[1-200001]"));
  CHECK(!expand_hostlist("n[1-999999999999999999]"));
  CHECK(!expand_hostlist("n[1-1000]x[1-1000]"));
  CHECK(!expand_hostlist("n[1-200000],m"));
}

TEST_CASE("consecutive numbers are joined and the order of names is kept") {
  CHECK(compress_hostlist({}) == "");
  CHECK(compress_hostlist({"login1"}) == "login1");
  CHECK(compress_hostlist({"n1", "n2", "n3", "n7"}) == "n[1-3,7]");
  CHECK(compress_hostlist({"n3", "n2", "n1"}) == "n[3,2,1]");
  CHECK(compress_hostlist({"n08", "n09", "n10"}) == "n[08-10]");
  CHECK(compress_hostlist({"n9", "n10"}) == "n[9-10]");
  CHECK(compress_hostlist({"n9", "n010"}) == "n[9,010]");
  CHECK(compress_hostlist({"a1", "b2", "a2"}) == "a1,b2,a2");
  CHECK(compress_hostlist({"r1n1-ib", "r1n2-ib"}) == "r1n[1-2]-ib");
  CHECK(compress_hostlist({"login", "login"}) == "login,login");
}

TEST_CASE("a compressed list expands to the names it was made of") {
  const unsigned seed = 20261121;
  CAPTURE(seed);
  std::mt19937 random(seed);
  const Names prefixes = {"n", "gpu-", "r1n", "login", "x.y"};
  for (int round = 0; round < 500; ++round) {
    Names names;
    for (auto i = random() % 12; i > 0; --i) {
      std::string digits = std::to_string(random() % 15);
      if (random() % 3 == 0) digits.insert(0, random() % 3, '0');
      names.push_back(prefixes[random() % prefixes.size()] + digits + (random() % 4 ? "" : "-ib"));
    }
    CHECK(expand_hostlist(compress_hostlist(names)) == names);
  }
}

}  // namespace
}  // namespace usine
