// Agents and users who meet their scheduler over TLS.
#include <chrono>

#include <doctest/doctest.h>
#include <grpcpp/server_builder.h>

#include "cli/client.h"
#include "identity/tls_credentials.h"
#include "tests/daemon/schedulers.h"
#include "topology/discovery/machine.h"

using namespace usine;
using identity::CertificateUse;
using identity::KeyPair;
using identity::TlsFolder;
using test::FakeAgent;

namespace {

TlsFolder made_by(const KeyPair& authority, CertificateUse use, const std::string& name) {
  const auto own = identity::issue(authority, {use, name, std::chrono::days(1)});
  REQUIRE(own);
  return {authority.certificate, *own, name};
}

class TlsCluster {
 public:
  TlsCluster()
      : authority(*identity::make_authority("test")), scheduler_([this](config::ClusterFile& file) {
          const TlsFolder own =
              made_by(authority, CertificateUse::kScheduler, identity::kSchedulerName);
          REQUIRE(identity::write_tls_folder(folder_.path(), own.authority, own.own));
          file.listen.identity.tls_folder = folder_.path();
        }) {}

  [[nodiscard]] identity::ClientTls agent(const std::string& name) const {
    return identity::agent_tls(made_by(authority, CertificateUse::kAgent, name));
  }
  [[nodiscard]] cli::Client user(const std::string& known_authority) const {
    return cli::Client({address(), scheduler_.credential(), "start it", {}, known_authority},
                       Millis{10'000});
  }
  [[nodiscard]] const std::string& address() const { return scheduler_.address(); }
  [[nodiscard]] std::string secret() const { return scheduler_.secret(); }

  KeyPair authority;

 private:
  test::TempFolder folder_;
  test::InProcessScheduler scheduler_;
};

// Something that listens with that certificate, and what a user says of it.
Error asked_of_impostor(const TlsFolder& own) {
  proto::Users::Service service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", identity::server_credentials(own), &port);
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  cli::Client user({"127.0.0.1:" + std::to_string(port), "root:0", "start it", {}, own.authority});
  const auto answer = user.get_cluster();
  REQUIRE_FALSE(answer);
  return answer.error();
}

}  // namespace

TEST_CASE("An agent joins by the certificate of its node and needs no secret") {
  const TlsCluster cluster;
  FakeAgent agent(cluster.address(), cluster.agent("node001"));
  CHECK(agent.join("node001", test::kMachine).node == NodeId{0});
}

TEST_CASE("An agent with the certificate of another node is refused by the name of the node") {
  const TlsCluster cluster;
  FakeAgent agent(cluster.address(), cluster.agent("node002"));
  agent.say(Hello{"node001",
                  "boot-1",
                  {},
                  std::make_shared<const NodeShape>(*discovery::load_machine(test::kMachine)),
                  {}});
  const Error told = agent.last_word();
  CHECK(told.code == ErrorCode::kPermission);
  CHECK(told.message.find("not that of node 'node001'") != std::string::npos);
}

TEST_CASE("An agent that shows no certificate is refused though it knows the secret") {
  const TlsCluster cluster;
  FakeAgent agent(cluster.address(), identity::user_tls(cluster.authority.certificate));
  const Error told = agent.last_word();
  CHECK(told.code == ErrorCode::kPermission);
  CHECK(told.message.find("--tls-dir") != std::string::npos);
  FakeAgent plain(cluster.address(), cluster.secret());
  CHECK(plain.last_word().code == ErrorCode::kUnavailable);
}

TEST_CASE("A certificate of another CA opens nothing on either side") {
  const TlsCluster cluster;
  const KeyPair other = *identity::make_authority("test");
  TlsFolder foreign = made_by(other, CertificateUse::kAgent, "node001");
  foreign.authority = cluster.authority.certificate;
  FakeAgent agent(cluster.address(), identity::agent_tls(foreign));
  CHECK(agent.last_word().code == ErrorCode::kUnavailable);
  const auto refused = cluster.user(other.certificate).get_cluster();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().message.find("certificate of its CA") != std::string::npos);
}

TEST_CASE("A user finds the scheduler by the certificate of the CA and proves himself as ever") {
  const TlsCluster cluster;
  const auto answered = cluster.user(cluster.authority.certificate).get_cluster();
  REQUIRE_MESSAGE(answered.has_value(), (answered ? "" : answered.error().message));
  cli::Client stranger(
      {cluster.address(), "root:00", "start it", {}, cluster.authority.certificate});
  const auto refused = stranger.get_cluster();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kPermission);
}

TEST_CASE("A node's certificate makes no scheduler") {
  const KeyPair authority = *identity::make_authority("test");
  // That a real one is reached is what shows that the others are not for their certificates.
  const Error reached =
      asked_of_impostor(made_by(authority, CertificateUse::kScheduler, identity::kSchedulerName));
  CHECK(reached.message.find("certificate") == std::string::npos);
  for (const TlsFolder& own :
       {made_by(authority, CertificateUse::kAgent, "node001"),
        made_by(authority, CertificateUse::kAgent, identity::kSchedulerName)}) {
    CAPTURE(own.name);
    CHECK(asked_of_impostor(own).message.find("certificate of its CA") != std::string::npos);
  }
}
