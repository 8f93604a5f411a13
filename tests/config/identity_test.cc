// How a cluster file says who proves what, and what is private.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "config/cluster_file.h"

using namespace usine;
using namespace usine::config;

namespace {

const std::string kSmall = R"(cluster: small
classes:
  gpu: {machine: gh200}
nodes:
  - {names: n1, class: gpu}
)";

ClusterFile parsed(const std::string& more) {
  const auto file = parse_cluster_file(kSmall + more, "c.yaml");
  REQUIRE_MESSAGE(file.has_value(), (file ? "" : discovery::to_string(file.error().front())));
  return *file;
}

std::string problem_of(const std::string& more) {
  const auto file = parse_cluster_file(kSmall + more, "c.yaml");
  REQUIRE_FALSE(file.has_value());
  REQUIRE(file.error().size() == 1);
  return discovery::to_string(file.error().front());
}

}  // namespace

TEST_CASE("without a word on it users prove themselves by the tokens of the state folder") {
  const ListenConfig listen = parsed("").listen;
  CHECK(listen.identity == IdentityConfig{});
  CHECK(listen.token_file == "token");
}

TEST_CASE("with MUNGE there are tokens only where a file of them is named") {
  const ListenConfig alone = parsed("authentication: {method: munge}\n").listen;
  CHECK(alone.identity.munge);
  CHECK(alone.identity.munge_socket.empty());
  CHECK(alone.token_file.empty());
  const ListenConfig both =
      parsed("authentication: {method: munge, munge_socket: /run/m, tokens: /etc/usine/services}\n")
          .listen;
  CHECK(both.identity.munge_socket == "/run/m");
  CHECK(both.token_file == "/etc/usine/services");
}

TEST_CASE("a mistake in how users prove themselves is told with its line and what is right") {
  CHECK(problem_of("authentication: {method: kerberos}\n") ==
        "c.yaml:6: authentication.method: expected munge or tokens, found 'kerberos'");
  CHECK(problem_of("authentication:\n  method: tokens\n  munge_socket: /run/m\n") ==
        "c.yaml:8: authentication.munge_socket: is for 'method: munge'");
  CHECK(problem_of("authentication: {method: munge, munge_socket: m}\n") ==
        "c.yaml:6: authentication.munge_socket: expected an absolute path, found 'm'");
  CHECK(problem_of("scheduler: {token_file: a}\nauthentication: {method: munge, tokens: b}\n") ==
        "c.yaml:6: scheduler.token_file: authentication.tokens names the file already: remove one");
}

TEST_CASE("a folder for TLS has the certificate of the cluster in it unless another is named") {
  CHECK(parsed("tls: {folder: /etc/usine/tls}\n").listen.identity.ca_file ==
        "/etc/usine/tls/ca.crt");
  CHECK(parsed("tls: {folder: /etc/usine/tls, ca: /etc/ca.crt}\n").listen.identity.ca_file ==
        "/etc/ca.crt");
  CHECK(problem_of("tls: {ca: /etc/ca.crt}\n").find("tls.folder") != std::string::npos);
}

TEST_CASE("what is private is a list of words") {
  CHECK(parsed("").cluster.private_data == PrivateData{});
  CHECK(parsed("private_data: [jobs, history]\n").cluster.private_data ==
        PrivateData{true, true, false});
  CHECK(problem_of("private_data: [jobs, nodes]\n") ==
        "c.yaml:6: private_data: expected jobs, history or reports, found 'nodes'");
}
