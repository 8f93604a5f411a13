#include "cli/target.h"

#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>

#include "cli/user.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::cli;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a cluster is found by its state folder") {
  const test::TempFolder folder;
  write(folder / "scheduler.address", "127.0.0.1:4711\n");
  write(folder / "token", "somebody:11\n" + current_user().name + ":22\n");
  const auto target = find_target({folder.path().string(), std::nullopt, std::nullopt});
  REQUIRE(target);
  CHECK(target->address == "127.0.0.1:4711");
  CHECK(target->credential == current_user().name + ":22");
}

TEST_CASE("an address on the command line goes before that of the folder") {
  const test::TempFolder folder;
  write(folder / "token", "somebody:11\n");
  const auto target = find_target({folder.path().string(), std::nullopt, "far:1"});
  REQUIRE(target);
  CHECK(target->address == "far:1");
  CHECK(target->credential == "somebody:11");
}

TEST_CASE("a folder without a scheduler is out of reach with the command that starts one") {
  const test::TempFolder folder;
  const auto target = find_target({folder.path().string(), std::nullopt, std::nullopt});
  REQUIRE_FALSE(target);
  CHECK(target.error().code == ErrorCode::kUnavailable);
  CHECK(target.error().message.find("usine up --state " + folder.path().string()) !=
        std::string::npos);
}

TEST_CASE("the state folder is absolute and has one name") {
  const auto here = std::filesystem::current_path().string();
  CHECK(state_folder("/a/b/") == "/a/b");
  CHECK(state_folder("x/../y") == here + "/y");
  CHECK_FALSE(state_folder("").has_value());
}
