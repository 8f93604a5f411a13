#include "proto/convert_agents.h"

#include <string>
#include <utility>

#include <doctest/doctest.h>

#include "proto/convert_model.h"
#include "tests/agent/builders.h"

using namespace usine;
using namespace usine::test;

namespace {

// Every field away from its default, so that a forgotten one shows.
JobRequest full_request() {
  JobRequest request;
  request.name = "train";
  request.user = "ada";
  request.uid = 1000;
  request.gid = 100;
  request.project = "lm";
  request.partition = "gpu";
  request.comment = "first";
  request.components = {
      {.nodes = 4,
       .tasks_per_node = 8,
       .tasks = 31,
       .cores_per_task = 7,
       .per_node = {.cores = 56, .gpus = 8, .memory_mib = 1'024, .gpu_type = "h100"},
       .exclusive = true,
       .only_nodes = {"n1", "n2"},
       .excluded_nodes = {"n9"},
       .constraint = {},
       .topology = {}}};
  request.time_limit = Seconds{7'200};
  request.begin = Time{Millis{1'234'567}};
  request.priority = -5;
  request.hold = true;
  request.requeue = false;
  request.requeue_unfenced = true;
  request.requeue_expedite = true;
  request.warning = EndWarning{{10, SignalTarget::kBatch}, Seconds{120}};
  request.idempotency_key = "once";
  request.interactive = true;
  request.launch = {.script_hash = "aa",
                    .environment_hash = "bb",
                    .arguments = {"--lr", "0.1"},
                    .script_name = "train.sh",
                    .working_directory = "/home/ada",
                    .output = "%j.out",
                    .error = "%j.err",
                    .input = "in",
                    .open_mode = OpenMode::kAppend,
                    .umask = 027,
                    .limits = {{7, 4'096}, {8, ResourceLimit::kNoLimit}}};
  return request;
}

Prepare full_prepare() {
  Prepare message = prepare(key(7, 2), 3);
  message.request = std::make_shared<const JobRequest>(full_request());
  JobNode node;
  node.name = "n2";
  for (const std::size_t core : {0, 1, 2, 9, 511}) node.cores.insert(core);
  node.gpus = GpuSet::first(8);
  node.nics.insert(3);
  node.memory_mib = 4'096;
  node.component = 1;
  node.leaf = "leaf7";
  node.pus = {0, 112, 1};
  node.gpu_bus_ids = {"0000:1b:00.0"};
  node.nic_names = {"mlx5_3"};
  JobNode head;
  head.name = "n1";
  message.nodes = JobNodes({head, node});
  message.this_node = 1;
  message.environment = std::string("A=1\0B=2\0", 8);
  message.partition = "gpu";
  message.cluster_name = "usine";
  return message;
}

template <typename Message>
void check_round_trip_to_agent(const Message& message) {
  NodeListEncoder lists;
  for (const ListForm form : {ListForm::kInParts, ListForm::kOneByOne}) {
    const auto back = from_proto(to_proto(ToAgent{message}, lists, form));
    REQUIRE(back);
    CHECK(*back == ToAgent{message});
  }
}

template <typename Message>
Message back_from_agent(const Message& message) {
  const auto back = from_proto(to_proto(FromAgent{message}));
  REQUIRE(back);
  REQUIRE(std::holds_alternative<Message>(*back));
  return std::get<Message>(*back);
}

}  // namespace

TEST_CASE("what a scheduler says comes back from the wire as it was") {
  check_round_trip_to_agent(welcome({key(1), key(2, 3)}, 9));
  check_round_trip_to_agent(Start{key(1), Epoch{2}, {"a:1", "b:2"}});
  check_round_trip_to_agent(Stop{key(1), Epoch{2}, Millis{30'000}});
  check_round_trip_to_agent(Forget{key(1), Epoch{2}});
  check_round_trip_to_agent(Signal{key(1), Epoch{2}, 3, {10, SignalTarget::kBatch}});
  check_round_trip_to_agent(Suspend{key(1), Epoch{2}, true});
  const Prepare sent = full_prepare();
  NodeListEncoder lists;
  const auto back = from_proto(to_proto(ToAgent{sent}, lists));
  REQUIRE(back);
  Prepare got = std::get<Prepare>(*back);
  CHECK(*got.request == *sent.request);
  got.request = sent.request;  // held by pointer, which operator== compares
  CHECK(got == sent);
}

TEST_CASE("the node list of a job is encoded once for all its nodes and anew for another job") {
  NodeListEncoder lists;
  const Prepare first = full_prepare();
  Prepare second = first;  // to another node of the job
  second.this_node = 0;
  CHECK(second.nodes.is_same(first.nodes));
  const std::string list = to_proto(ToAgent{first}, lists).prepare().node_list();
  CHECK(to_proto(ToAgent{second}, lists).prepare().node_list() == list);
  const proto::ToAgent other = to_proto(ToAgent{prepare(key(1))}, lists);
  CHECK(other.prepare().node_list() != list);
  CHECK(std::get<Prepare>(from_proto(other).value()).nodes.size() == 1);
  CHECK(to_proto(ToAgent{first}, lists).prepare().node_list() == list);
}

TEST_CASE("what an agent says comes back from the wire as it was") {
  const EpilogWord epilog{true, "epilog exited with 1", true};
  const Prepared refused{key(4, 2), false, true, "disk full", "", true, epilog};
  CHECK(back_from_agent(refused) == refused);
  const Ended ended{key(4, 2),
                    {EndCause::kOutOfMemory, 137, 9, "rank 3"},
                    Millis{5},
                    77,
                    {Millis{1}, Millis{2}, Millis{3}, 4},
                    epilog,
                    {{{0,
                       "train",
                       8,
                       2,
                       3,
                       9,
                       Time{Millis{21}},
                       Millis{70},
                       2048,
                       {Millis{5}, Millis{6}, Millis{7}, 8}}},
                     17}};
  CHECK(back_from_agent(ended) == ended);
  CHECK(back_from_agent(Heartbeat{}) == Heartbeat{});
  const Hello hello{"n1", "boot", "uuid", small_shape(), {key(1)}, Millis{60'000}};
  const Hello back = back_from_agent(hello);
  CHECK(*back.shape == *hello.shape);
  CHECK(back.attempts == hello.attempts);
  CHECK(back.node_name == "n1");
  CHECK(back.prolog_limit == Millis{60'000});
  CHECK(back.boot_id == "boot");
  CHECK(back.cluster_uuid == "uuid");
}

TEST_CASE("index lists from outside are refused where they name what cannot be") {
  proto::JobNode node;
  for (const std::string bad :
       {"512", "3-1", "a", "1,", ",1", "1-", "0-99999999999999999999", "1 2"}) {
    CAPTURE(bad);
    node.set_cores(bad);
    const auto converted = from_proto(node);
    CHECK_FALSE(converted);
    if (!converted) CHECK(converted.error().message.starts_with("node.cores"));
  }
  node.set_cores("0-2,511");
  REQUIRE(from_proto(node));
  CHECK(from_proto(node)->cores.count() == 4);
}

TEST_CASE("numbers that this version gives no meaning are refused by field") {
  proto::ExitStatus exit;
  exit.set_cause(99);
  REQUIRE_FALSE(from_proto(exit));
  CHECK(from_proto(exit).error().message.starts_with("exit.cause: 99"));
  proto::JobRequest request = to_proto(full_request());
  request.mutable_launch()->set_open_mode(7);
  CHECK_FALSE(from_proto(request));
}

TEST_CASE("a shape whose bytes were damaged is refused") {
  proto::NodeShape shape = to_proto(*small_shape());
  shape.mutable_codec()->back() ^= 1;
  const auto converted = from_proto(shape);
  REQUIRE_FALSE(converted);
  CHECK(converted.error().code == ErrorCode::kCorrupt);
}

TEST_CASE("an empty message and a Prepare without its node are refused") {
  CHECK_FALSE(from_proto(proto::ToAgent{}));
  CHECK_FALSE(from_proto(proto::FromAgent{}));
  NodeListEncoder lists;
  proto::ToAgent message = to_proto(ToAgent{full_prepare()}, lists);
  message.mutable_prepare()->set_this_node(2);
  CHECK_FALSE(from_proto(message));
}
