// Credentials of a munged that the test starts with a key of its own.
#include "identity/munge.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include "identity/request_proof.h"
#include "tests/support/munged.h"
#include "tests/support/skip.h"

using namespace usine;
using namespace usine::identity;

namespace {

Munge munge_at(const std::string& socket) {
  auto munge = Munge::open({socket});
  REQUIRE_MESSAGE(munge.has_value(), (munge ? "" : munge.error().message));
  return *std::move(munge);
}

}  // namespace

TEST_CASE("a credential proves the user and group that asked for it and carries its payload") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const test::Munged munged;
  const Munge munge = munge_at(munged.socket());
  const auto proven = munge.decode(*munge.encode("what for"));
  REQUIRE(proven);
  CHECK(proven->uid == ::geteuid());
  CHECK(proven->gid == ::getegid());
  CHECK(proven->payload == "what for");
}

TEST_CASE("a credential that was read before is refused as a replay") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const test::Munged munged;
  const Munge munge = munge_at(munged.socket());
  const std::string credential = *munge.encode("once");
  REQUIRE(munge.decode(credential));
  const auto again = munge.decode(credential);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kPermission);
  CHECK(again.error().message.find("was used before") != std::string::npos);
}

TEST_CASE("a credential of another key or none at all is refused with the remedy") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const test::Munged ours;
  const test::Munged theirs(std::string(64, 'x'));
  const auto foreign = munge_at(ours.socket()).decode(*munge_at(theirs.socket()).encode("x"));
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == ErrorCode::kPermission);
  CHECK(foreign.error().message.find("munge.key") != std::string::npos);
  const auto none = munge_at(ours.socket()).decode("MUNGE:nonsense:");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kPermission);
  CHECK(none.error().message.find('\n') == std::string::npos);
}

TEST_CASE("a munged that does not run is told from a bad credential") {
  const auto munge = Munge::open({"/nonexistent/munge.socket"});
  if (!munge) USINE_SKIP("libmunge is not installed");
  const auto made = munge->encode("x");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kIo);
  CHECK(made.error().message.find("systemctl start munge") != std::string::npos);
  const auto read = munge->decode("MUNGE:AAAA:");
  REQUIRE_FALSE(read);
  CHECK(read.error().code == ErrorCode::kUnavailable);
}

TEST_CASE("a machine without the library of MUNGE says what to install") {
  const auto munge = Munge::open({"", "libno-such-munge.so.2"});
  REQUIRE_FALSE(munge);
  CHECK(munge.error().message.find("libmunge2") != std::string::npos);
  CHECK_FALSE(Munge::open({"", "libm.so.6"}));  // a library, and not this one
}

TEST_CASE("the proof of a call is of its cluster and method and request together") {
  const std::string proof = request_proof({"alps", "Submit", "abc"});
  CHECK(proof == request_proof({"alps", "Submit", "abc"}));
  // printf '4:alps6:Submit3:abc' | sha256sum
  CHECK(proof == "usine-call-1 0621a649f1aa43bbd1e5d01b9c9e7b40c8312c728a2b1eea948d5e7bf5802151");
  CHECK(proof != request_proof({"alpsS", "ubmit", "abc"}));
  CHECK(proof != request_proof({"alps", "Submit", "abd"}));
  CHECK(proof != request_proof({"jura", "Submit", "abc"}));
}
