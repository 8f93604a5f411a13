// Calls of users whom MUNGE proves, with a munged of the test's own.
#include <array>
#include <csignal>
#include <future>
#include <sys/wait.h>
#include <unistd.h>

#include <doctest/doctest.h>
#include <grpcpp/create_channel.h>

#include "cli/client.h"
#include "cli/user.h"
#include "identity/munge.h"
#include "identity/request_proof.h"
#include "proto/convert_users.h"
#include "tests/daemon/schedulers.h"
#include "tests/support/munged.h"
#include "tests/support/skip.h"

using namespace usine;
using test::small_job;

namespace {

constexpr std::uint32_t kNobody = 65534;

// A scheduler whose users MUNGE proves; with a file of tokens beside it where `tokens` is set.
class MungeCluster {
 public:
  explicit MungeCluster(bool tokens = false)
      : scheduler_([this, tokens](config::ClusterFile& file) {
          file.listen.identity.munge = true;
          file.listen.identity.munge_socket = munged.socket();
          if (!tokens) file.listen.token_file.clear();
          name_ = file.cluster.name;
        }) {}

  test::Munged munged;

  [[nodiscard]] cli::Client user() const {
    return cli::Client(
        {scheduler_.address(), "", "start it", cli::MungeTarget{name_, munged.socket()}});
  }
  [[nodiscard]] std::string proof_of(const char* method,
                                     const google::protobuf::Message& request) const {
    return identity::request_proof({name_, method, request.SerializeAsString()});
  }
  [[nodiscard]] std::string credential(const std::string& payload) const {
    return *identity::Munge::open({munged.socket()})->encode(payload);
  }
  [[nodiscard]] const test::InProcessScheduler& scheduler() const { return scheduler_; }

 private:
  std::string name_;
  test::InProcessScheduler scheduler_;
};

// A call of Submit with that credential, whatever it was made for.
Result<proto::SubmitReply> submit_with(const MungeCluster& cluster, const std::string& credential,
                                       const proto::SubmitRequest& request) {
  const auto stub = proto::Users::NewStub(
      grpc::CreateChannel(cluster.scheduler().address(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.AddMetadata(kMungeMetadata, credential);
  proto::SubmitReply reply;
  const grpc::Status status = stub->Submit(&context, request, &reply);
  if (status.ok()) return reply;
  const auto word = context.GetServerTrailingMetadata().find(kErrorMetadata);
  return fail(from_grpc_status(status, {word->second.data(), word->second.size()}));
}

// The credential that a process of another user gets.
std::string credential_of(std::uint32_t uid, const std::string& socket,
                          const std::string& payload) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const auto munge = identity::Munge::open({socket});
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(uid) != 0 || ::setuid(uid) != 0) ::_exit(1);
    const auto made = munge->encode(payload);
    const std::string text = made ? *made : "";
    (void)!::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t got = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return text;
}

}  // namespace

TEST_CASE("A call with a MUNGE credential is made by the user that munged names") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const MungeCluster cluster;
  cli::Client user = cluster.user();
  proto::SubmitRequest request = small_job();
  request.mutable_request()->set_user("somebody-else");
  request.mutable_request()->set_uid(12345);
  const auto submitted = user.submit(request);
  REQUIRE_MESSAGE(submitted.has_value(), (submitted ? "" : submitted.error().message));
  proto::GetJobRequest question;
  question.set_job(submitted->job());
  const auto detail = user.get_job(question);
  REQUIRE(detail);
  CHECK(detail->request().user() == cli::current_user().name);
  CHECK(detail->request().uid() == ::geteuid());
}

TEST_CASE("A MUNGE credential is good for its own call alone") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const MungeCluster cluster;
  const proto::SubmitRequest mine = small_job("mine");
  const proto::SubmitRequest other = small_job("other");
  const std::string stolen = cluster.credential(cluster.proof_of("Submit", mine));
  const auto other_request = submit_with(cluster, stolen, other);
  REQUIRE_FALSE(other_request);
  CHECK(other_request.error().code == ErrorCode::kPermission);
  CHECK(other_request.error().message.find("another call") != std::string::npos);
  const auto other_method =
      submit_with(cluster, cluster.credential(cluster.proof_of("GetJob", mine)), mine);
  REQUIRE_FALSE(other_method);
  CHECK(other_method.error().code == ErrorCode::kPermission);
  const std::string elsewhere =
      identity::request_proof({"elsewhere", "Submit", mine.SerializeAsString()});
  const auto other_cluster = submit_with(cluster, cluster.credential(elsewhere), mine);
  REQUIRE_FALSE(other_cluster);
  CHECK(other_cluster.error().message.find("--config") != std::string::npos);
}

TEST_CASE("A call that is repeated with its credential is refused as a replay") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const MungeCluster cluster;
  const proto::SubmitRequest request = small_job();
  const std::string credential = cluster.credential(cluster.proof_of("Submit", request));
  REQUIRE(submit_with(cluster, credential, request));
  const auto again = submit_with(cluster, credential, request);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == ErrorCode::kPermission);
  CHECK(again.error().message.find("was used before") != std::string::npos);
  CHECK(cluster.user().list_jobs({})->jobs_size() == 1);
}

TEST_CASE("A user whom MUNGE proves is no operator for that") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  if (::geteuid() != 0) USINE_SKIP("only root can make a credential of another user");
  const MungeCluster cluster;
  proto::SubmitRequest request = small_job();
  const std::string credential =
      credential_of(kNobody, cluster.munged.socket(), cluster.proof_of("Submit", request));
  const auto submitted = submit_with(cluster, credential, request);
  REQUIRE_MESSAGE(submitted.has_value(), (submitted ? "" : submitted.error().message));
  proto::GetJobRequest question;
  question.set_job(submitted->job());
  const auto detail = cluster.user().get_job(question);
  REQUIRE(detail);
  CHECK(detail->request().uid() == kNobody);
  CHECK(detail->request().gid() == kNobody);
  request.mutable_request()->set_priority(5);  // which operators alone may
  const std::string another =
      credential_of(kNobody, cluster.munged.socket(), cluster.proof_of("Submit", request));
  CHECK_FALSE(submit_with(cluster, another, request));
  CHECK(cluster.user().submit(request));
}

TEST_CASE("Calls with a token are answered also while munged hangs on another") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  MungeCluster cluster(true);
  const proto::SubmitRequest request = small_job();
  const std::string credential = cluster.credential(cluster.proof_of("Submit", request));
  cluster.munged.signal(SIGSTOP);
  std::future<Result<proto::SubmitReply>> hangs =
      std::async(std::launch::async, [&] { return submit_with(cluster, credential, request); });
  const auto answered = cluster.scheduler().user().list_jobs();
  REQUIRE(answered);
  CHECK(answered->jobs_size() == 0);
  cluster.munged.signal(SIGCONT);
  CHECK(hangs.get().has_value());
}

TEST_CASE("A scheduler whose munged is gone says so") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  MungeCluster cluster;
  const proto::SubmitRequest request = small_job();
  const std::string credential = cluster.credential(cluster.proof_of("Submit", request));
  cluster.munged.stop();
  const auto refused = submit_with(cluster, credential, request);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kUnavailable);
  CHECK(refused.error().message.find("munged on the scheduler's machine") != std::string::npos);
}

TEST_CASE("A call without a credential or of the wrong kind says what the cluster takes") {
  if (!test::Munged::is_installed()) USINE_SKIP("munged is not installed");
  const MungeCluster cluster;
  const auto none = test::UserClient(cluster.scheduler().address(), "root:00").list_jobs();
  REQUIRE_FALSE(none);
  CHECK(none.error().code == ErrorCode::kPermission);
  CHECK(none.error().message.find("MUNGE") != std::string::npos);
  const test::InProcessScheduler tokens_alone;
  cli::Client stranger(
      {tokens_alone.address(), "", "start it", cli::MungeTarget{"any", cluster.munged.socket()}});
  const auto refused = stranger.list_jobs({});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("takes no MUNGE") != std::string::npos);
}
