// Secrets, tokens and the state folder.
#include <algorithm>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "scheduler/daemon/authentication.h"
#include "scheduler/daemon/secrets.h"
#include "scheduler/daemon/state_folder.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::daemon;

TEST_CASE("A missing secret is made for its owner alone and read back the same") {
  const test::TempFolder folder;
  const std::string path = folder / "agent.secret";
  CHECK(*read_or_make_secret(path, "first") == "first");
  CHECK(*read_or_make_secret(path, "second") == "first");
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0600);
}

TEST_CASE("A secret that others can read is refused with the remedy") {
  const test::TempFolder folder;
  const std::string path = folder / "token";
  REQUIRE(os::write_file(path, "user:secret\n", 0644));
  const auto secret = read_or_make_secret(path, "fresh");
  REQUIRE_FALSE(secret);
  CHECK(secret.error().code == ErrorCode::kPermission);
  CHECK(secret.error().message.find("chmod 600") != std::string::npos);
}

TEST_CASE("The token file proves its owner as an operator and refuses every other token") {
  const test::TempFolder folder;
  const std::string path = folder / "token";
  const auto tokens = TokenFile::open(path, {});
  REQUIRE(tokens);
  std::string line = *os::read_file(path);
  line.pop_back();
  const auto caller = tokens->authenticate({line, {}, {}, {}});
  REQUIRE(caller);
  CHECK(caller->uid == ::geteuid());
  CHECK(caller->is_operator);
  const auto wrong = tokens->authenticate({line + "0", {}, {}, {}});
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == ErrorCode::kPermission);
  CHECK(wrong.error().message.find(path) != std::string::npos);
  CHECK_FALSE(tokens->authenticate({"", {}, {}, {}}));
}

TEST_CASE("Users of further lines of the token file are operators only where the file says so") {
  const test::TempFolder folder;
  const std::string path = folder / "token";
  REQUIRE(os::write_file(path, "nobody:aaaa\ndaemon:bbbb\n", 0600));
  const auto tokens = TokenFile::open(path, {"daemon"});
  REQUIRE(tokens);
  CHECK_FALSE(tokens->authenticate({"nobody:aaaa", {}, {}, {}})->is_operator);
  CHECK(tokens->authenticate({"daemon:bbbb", {}, {}, {}})->is_operator);
  CHECK_FALSE(tokens->authenticate({"nobody:bbbb", {}, {}, {}}));
}

TEST_CASE("The key of a job is the HMAC of job and attempt under the secret of the cluster") {
  // openssl dgst -sha256 -hmac secret <<< "7.2" without its newline
  CHECK(JobKeys("secret").key_of({JobId{7}, AttemptNumber{2}}) ==
        "5a884739131a52a20183eaac0a2e3e3c203da1c05f53977630be204c9960017b");
  CHECK(JobKeys("secret").key_of({JobId{7}, AttemptNumber{1}}) !=
        JobKeys("secret").key_of({JobId{7}, AttemptNumber{2}}));
}

TEST_CASE("A uuid has the form of version 4 and is never the same twice") {
  const std::string uuid = *random_uuid();
  CHECK(uuid.size() == 36);
  CHECK(std::ranges::count(uuid, '-') == 4);
  CHECK(uuid[14] == '4');
  CHECK(uuid != *random_uuid());
}

TEST_CASE("A second scheduler on a state folder is refused with the pid of the first") {
  const test::TempFolder folder;
  const std::string path = folder / "state";
  const auto first = StateFolder::open(path);
  REQUIRE(first);
  const auto second = StateFolder::open(path);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == ErrorCode::kConflict);
  CHECK(second.error().message.find(std::to_string(::getpid())) != std::string::npos);
}

TEST_CASE("A state folder is taken over from a scheduler that is gone with what it left") {
  const test::TempFolder folder;
  REQUIRE(os::write_file(folder / "scheduler.pid", "99999999\n"));
  REQUIRE(os::write_file(folder / "scheduler.address", "127.0.0.1:1\n"));
  {
    const auto taken = StateFolder::open(folder.path().string());
    REQUIRE(taken);
    CHECK(*os::read_file(folder / "scheduler.pid") == std::to_string(::getpid()) + "\n");
    CHECK_FALSE(std::filesystem::exists(folder / "scheduler.address"));
    CHECK(taken->publish_address("127.0.0.1:2"));
  }
  CHECK_FALSE(std::filesystem::exists(folder / "scheduler.pid"));
  CHECK_FALSE(std::filesystem::exists(folder / "scheduler.address"));
}
