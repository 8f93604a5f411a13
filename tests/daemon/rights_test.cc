// What a user can learn of another's jobs and do to them: every call of the service is in a table
// here, so that a call without a rule fails.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "common/os/files.h"
#include "proto/convert_users.h"
#include "scheduler/daemon/users_rpc.h"
#include "tests/daemon/schedulers.h"

using namespace usine;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using test::small_job;

namespace {

constexpr char kOwner[] = "nobody";
constexpr char kOwnerToken[] = "nobody:aaaa";
constexpr char kStrangerToken[] = "daemon:bbbb";
// What only the owner's answers may hold, whatever is private; and what else where all is.
constexpr char kSecretArgument[] = "--password=hunter2";
constexpr char kJobName[] = "named-by-its-owner";

enum class Verdict : std::uint8_t {
  kRefused,  // for lack of rights
  kBlind,    // answered, with nothing of the owner's in it
};

struct Try {
  std::string request;  // in protobuf's text format
  Verdict verdict;
};

constexpr auto kRefused = Verdict::kRefused;
constexpr auto kBlind = Verdict::kBlind;

// By the name of the call. Jobs: 1 runs and 2 has ended, both the owner's; 3 waits, the stranger's;
// 4 is an array of the owner's, which waits.
const std::map<std::string, std::vector<Try>>& tries() {
  static const std::map<std::string, std::vector<Try>> table = {
      {"Submit",
       {{R"(request { name: "x" user: "nobody" uid: 65534 priority: 5
          time_limit_s: 60 components { nodes: 1 tasks: 1 tasks_per_node: 1 cores_per_task: 1
          per_node { cores: 1 } } launch { script_name: "x" working_directory: "/" } }
          script: "x")",
         kRefused}}},
      {"ActOnJobs",
       {{"action: JOB_ACTION_CANCEL jobs: 1", kRefused},
        {"action: JOB_ACTION_HOLD jobs: 1", kRefused},
        {"action: JOB_ACTION_RELEASE jobs: 1", kRefused},
        {"action: JOB_ACTION_REQUEUE jobs: 1", kRefused},
        {"action: JOB_ACTION_SUSPEND jobs: 1", kRefused},
        {"action: JOB_ACTION_UNSUSPEND jobs: 1", kRefused},
        {"action: JOB_ACTION_SIGNAL jobs: 1 signal { signal: 10 }", kRefused},
        {"action: JOB_ACTION_CANCEL tasks { array: 4 tasks: '1' }", kRefused}}},
      {"UpdateJobs",
       {{"jobs: 1 time_limit_s: 60", kRefused},
        {"jobs: 4 array_limit: 1", kRefused},
        {"jobs: 1 dependencies {}", kRefused}}},
      {"ActOnNodes",
       {{"action: NODE_ACTION_DRAIN nodes: 'node001' reason: 'x'", kRefused},
        {"action: NODE_ACTION_RESUME nodes: 'node001'", kRefused},
        {"action: NODE_ACTION_FENCE nodes: 'node001'", kRefused}}},
      {"ListJobs",
       {{"", kBlind},
        {"user: 'nobody'", kBlind},
        {"states: 'running' states: 'cancelled'", kBlind}}},
      {"GetJob",
       {{"job: 1", kRefused},
        {"job: 2", kRefused},
        {"job: 4 array_index: 1", kRefused},
        {"job: 1 while_states: 'running' wait_ms: 20000", kRefused}}},
      {"Explain", {{"job: 1", kRefused}, {"job: 3", kBlind}}},
      {"CreateReservation",
       {{"name: 'mine' start_ms: 9999999999000 length_s: 60 recurrence: 'once' nodes: 'node001'",
         kRefused}}},
      {"DeleteReservations", {{"names: 'night'", kRefused}}},
      {"ListReservations", {{"", kBlind}}},
      {"ListNodes", {{"", kBlind}, {"names: 'node001'", kBlind}}},
      {"ListHistory", {{"", kBlind}, {"job: 2", kBlind}, {"user: 'nobody'", kRefused}}},
      {"GetCluster", {{"", kBlind}}},
      {"ListGroups",
       {{"kind: 'partition'", kBlind}, {"kind: 'qos'", kBlind}, {"kind: 'project'", kBlind}}},
      {"Backup", {{"", kRefused}}},
      {"ReloadConfig", {{"", kRefused}}},
      {"ListEvents", {{"job: 1", kRefused}, {"job: 2", kRefused}, {"node: 'node001'", kBlind}}},
      {"MarkJob", {{"job: 1 progress: 'x'", kRefused}}},
  };
  return table;
}

std::vector<const MethodDescriptor*> all_calls() {
  std::vector<const MethodDescriptor*> calls;
  for (const auto* const service :
       {&daemon::UsersRpc::descriptor(), &daemon::OperationsRpc::descriptor()}) {
    for (int i = 0; i < service->method_count(); ++i) calls.push_back(service->method(i));
  }
  return calls;
}

struct Answer {
  grpc::Status status;
  std::string word;  // of the error
  std::unique_ptr<Message> reply;
};

// One call by its description, as anybody with a token can make it.
Answer call(const std::string& address, const std::string& token, const MethodDescriptor& method,
            const Message& request) {
  grpc::GenericStub stub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.AddMetadata(kTokenMetadata, token);
  const grpc::Slice bytes(request.SerializeAsString());
  const grpc::ByteBuffer sent(&bytes, 1);
  grpc::CompletionQueue queue;
  const std::string path = "/" + method.service()->full_name() + "/" + method.name();
  const auto rpc = stub.PrepareUnaryCall(&context, path, sent, &queue);
  Answer answer;
  grpc::ByteBuffer received;
  rpc->StartCall();
  rpc->Finish(&received, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  REQUIRE(queue.Next(&tag, &ok));
  const auto word = context.GetServerTrailingMetadata().find(kErrorMetadata);
  if (word != context.GetServerTrailingMetadata().end()) {
    answer.word.assign(word->second.data(), word->second.size());
  }
  answer.reply.reset(
      MessageFactory::generated_factory()->GetPrototype(method.output_type())->New());
  grpc::Slice reply;
  if (answer.status.ok() && received.DumpToSingleSlice(&reply).ok()) {
    REQUIRE(answer.reply->ParseFromArray(reply.begin(), static_cast<int>(reply.size())));
  }
  return answer;
}

std::unique_ptr<Message> request_of(const MethodDescriptor& method, const std::string& text) {
  std::unique_ptr<Message> request(
      MessageFactory::generated_factory()->GetPrototype(method.input_type())->New());
  REQUIRE(google::protobuf::TextFormat::ParseFromString(text, request.get()));
  return request;
}

bool is_refused(const Answer& answer) {
  const std::string permission(to_string(ErrorCode::kPermission));
  if (!answer.status.ok()) return answer.word == permission;
  const auto* const acts = dynamic_cast<const proto::ActReply*>(answer.reply.get());
  return acts != nullptr && acts->refusals_size() == 1 && acts->refusals(0).error() == permission;
}

// Nothing of the owner's: neither names nor the numbers of his jobs on a node.
bool is_blind(const Answer& answer) {
  const std::string text = answer.reply->DebugString();
  for (const char* const secret : {kOwner, kJobName, kSecretArgument}) {
    if (text.find(secret) != std::string::npos) return false;
  }
  const auto* const nodes = dynamic_cast<const proto::ListNodesReply*>(answer.reply.get());
  return answer.status.ok() &&
         (nodes == nullptr ||
          std::ranges::all_of(nodes->nodes(), [](auto& node) { return node.jobs().empty(); }));
}

proto::SubmitRequest whole_node() {
  proto::SubmitRequest request = small_job(kJobName);
  request.mutable_request()->mutable_components(0)->set_exclusive(true);
  request.mutable_request()->mutable_launch()->add_arguments(kSecretArgument);
  return request;
}

// A cluster of one node whose jobs are as tries() has it.
class PrivateCluster {
 public:
  explicit PrivateCluster(PrivateData data)
      : scheduler_([data](config::ClusterFile& file) {
          file.cluster.private_data = data;
          file.cluster.nodes.resize(1);
          file.cluster.partitions[0].nodes.resize(1);
          const std::string tokens =
              "root:root\n" + std::string(kOwnerToken) + '\n' + kStrangerToken + '\n';
          REQUIRE(os::write_file(file.listen.token_file, tokens, 0600));
        }),
        agent_(scheduler_.address(), scheduler_.secret()) {
    agent_.join("node001", test::kMachine);
    test::UserClient owner(address(), kOwnerToken);
    REQUIRE(owner.submit_ok(whole_node()) == 1);
    (void)agent_.agree_to_prepare();
    agent_.expect<Start>();
    REQUIRE(owner.submit_ok(whole_node()) == 2);
    REQUIRE(owner.act_on_jobs(proto::JOB_ACTION_CANCEL, {2})->refusals().empty());
    proto::SubmitRequest own = small_job("mine");
    own.mutable_request()->mutable_components(0)->set_exclusive(true);
    REQUIRE(test::UserClient(address(), kStrangerToken).submit_ok(own) == 3);
    proto::SubmitRequest array = whole_node();
    array.mutable_request()->set_array("0-3");
    REQUIRE(owner.submit_ok(array) == 4);
  }

  [[nodiscard]] const std::string& address() const { return scheduler_.address(); }

 private:
  test::InProcessScheduler scheduler_;
  test::FakeAgent agent_;
};

}  // namespace

TEST_CASE("Every call of users has a rule for strangers in the table of this test") {
  for (const MethodDescriptor* const method : all_calls()) {
    CAPTURE(method->name());
    CHECK(tries().contains(method->name()));
  }
  CHECK(tries().size() == all_calls().size());
}

TEST_CASE("Every action on jobs and nodes is among what strangers try") {
  for (const auto& [call, actions] : {std::pair{"ActOnJobs", proto::JobAction_descriptor()},
                                      std::pair{"ActOnNodes", proto::NodeAction_descriptor()}}) {
    for (int i = 0; i < actions->value_count(); ++i) {
      const std::string word = "action: " + actions->value(i)->name() + ' ';
      CAPTURE(word);
      CHECK(std::ranges::any_of(tries().at(call),
                                [&word](const Try& one) { return one.request.starts_with(word); }));
    }
  }
}

TEST_CASE("On a cluster where jobs are private no call tells of another's or changes them") {
  const PrivateCluster cluster({true, true, true});
  for (const MethodDescriptor* const called : all_calls()) {
    const MethodDescriptor& method = *called;
    const std::string& name = method.name();
    for (const Try& one : tries().at(name)) {
      const Answer answer =
          call(cluster.address(), kStrangerToken, method, *request_of(method, one.request));
      CAPTURE(name);
      CAPTURE(one.request);
      CAPTURE(answer.status.error_message());
      CAPTURE(answer.reply->DebugString());
      CHECK((one.verdict == kRefused ? is_refused(answer) : is_blind(answer)));
    }
  }
  const auto left = test::UserClient(cluster.address(), kOwnerToken).get_job(1);
  REQUIRE(left);
  CHECK(left->summary().state() == "running");
  CHECK(left->summary().time_limit_s() == 600);
}

TEST_CASE("Whatever is private a job's key is for its owner and what starts it is not for others") {
  const PrivateCluster cluster({});
  const auto owner = test::UserClient(cluster.address(), kOwnerToken).get_job(1);
  REQUIRE(owner);
  CHECK(owner->job_key().size() == 64);
  CHECK(owner->request().launch().arguments_size() == 1);
  const auto stranger = test::UserClient(cluster.address(), kStrangerToken).get_job(1);
  REQUIRE(stranger);
  CHECK(stranger->summary().user() == kOwner);
  CHECK(stranger->job_key().empty());
  CHECK(stranger->head_address().empty());
  CHECK(stranger->DebugString().find(kSecretArgument) == std::string::npos);
  const auto operator_view = test::UserClient(cluster.address(), "root:root").get_job(1);
  REQUIRE(operator_view);
  CHECK(operator_view->job_key().empty());
  CHECK(operator_view->request().launch().arguments_size() == 1);
}

TEST_CASE("Operators see what is private and owners their own") {
  const PrivateCluster cluster({true, true, true});
  for (const char* const token : {"root:root", kOwnerToken}) {
    test::UserClient user(cluster.address(), token);
    CHECK(user.get_job(1));
    CHECK(user.explain(1));
    CHECK(user.list_history(2)->entries_size() == 1);
    CHECK(user.list_nodes()->nodes(0).jobs_size() == 1);
  }
  proto::ListJobsRequest all;
  CHECK(test::UserClient(cluster.address(), "root:root").list_jobs(all)->jobs_size() == 3);
  CHECK(test::UserClient(cluster.address(), kOwnerToken).list_jobs(all)->jobs_size() == 2);
}
