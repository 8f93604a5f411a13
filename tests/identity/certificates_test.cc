// The CA of a cluster and the folders it makes.
#include "identity/certificates.h"

#include <sys/stat.h>

#include <doctest/doctest.h>

#include "common/os/files.h"
#include "identity/tls_folder.h"
#include "tests/support/temp_folder.h"

using namespace usine;
using namespace usine::identity;

namespace {

KeyPair issued(const KeyPair& authority, const std::string& name,
               std::chrono::days valid = std::chrono::days(1)) {
  auto made = issue(authority, {CertificateUse::kAgent, name, valid});
  REQUIRE_MESSAGE(made.has_value(), (made ? "" : made.error().message));
  return *std::move(made);
}

std::string problem_of(const std::string& folder, const std::string& name) {
  const auto read = read_tls_folder(folder, name);
  REQUIRE_FALSE(read);
  return read.error().message;
}

}  // namespace

TEST_CASE("a certificate has its one name and its end and goes with its own key alone") {
  const KeyPair authority = *make_authority("alps");
  const KeyPair one = issued(authority, "node001");
  const auto facts = read_certificate(one.certificate);
  REQUIRE(facts);
  CHECK(facts->name == "node001");
  CHECK(facts->expires > std::chrono::system_clock::now());
  CHECK(belong_together(one));
  CHECK_FALSE(belong_together({one.certificate, issued(authority, "node001").key}));
}

TEST_CASE("a name that would add another to a certificate is refused") {
  const KeyPair authority = *make_authority("alps");
  for (const char* const name : {"a,DNS:usine-scheduler", "", "a b", "../b"}) {
    CAPTURE(name);
    const auto made = issue(authority, {CertificateUse::kAgent, name, std::chrono::days(1)});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == ErrorCode::kInvalid);
  }
  CHECK_FALSE(issue({"nonsense", "nonsense"}, {CertificateUse::kAgent, "a"}));
}

TEST_CASE("a folder is read by the node it was made for") {
  const test::TempFolder folder;
  const std::string path = folder / "node001";
  const KeyPair authority = *make_authority("alps");
  REQUIRE(write_tls_folder(path, authority.certificate, issued(authority, "node001")));
  const auto read = read_tls_folder(path, "node001");
  REQUIRE(read);
  CHECK(read->authority == authority.certificate);
  struct stat key{};
  REQUIRE(::stat((path + "/own.key").c_str(), &key) == 0);
  CHECK((key.st_mode & 0777) == 0600);
  CHECK(problem_of(path, "node002").find("certificate of 'node001'") != std::string::npos);
}

TEST_CASE("a folder that is not sound is refused by its file with the remedy") {
  const test::TempFolder folder;
  const std::string path = folder / "n1";
  CHECK(problem_of(path, "n1").find("usine cluster init") != std::string::npos);
  const KeyPair authority = *make_authority("alps");
  const KeyPair own = issued(authority, "n1");
  REQUIRE(write_tls_folder(path, authority.certificate, own));
  REQUIRE(::chmod((path + "/own.key").c_str(), 0640) == 0);
  CHECK(problem_of(path, "n1").find("chmod 600") != std::string::npos);
  const std::string other_key = issued(authority, "n1").key;
  REQUIRE(write_tls_folder(path, authority.certificate, {own.certificate, other_key}));
  CHECK(problem_of(path, "n1").find("does not go with the key") != std::string::npos);
  REQUIRE(write_tls_folder(path, authority.certificate,
                           issued(authority, "n1", std::chrono::days(-1))));
  CHECK(problem_of(path, "n1").find("has expired") != std::string::npos);
  REQUIRE(write_tls_folder(path, "nonsense", own));
  CHECK(problem_of(path, "n1").find("ca.crt") != std::string::npos);
}
