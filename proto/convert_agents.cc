#include "proto/convert_agents.h"

#include <memory>
#include <utility>
#include <vector>

#include "common/hostlist.h"
#include "proto/convert_model.h"
#include "proto/protocol_version.h"

namespace usine {
namespace {

// ---- scheduler to agent -----------------------------------------------------------------------

// How Prepare's list of nodes is to be written.
struct Lists {
  NodeListEncoder& encoder;
  ListForm form;
};

void fill(proto::ToAgent& out, const Welcome& welcome, const Lists&) {
  proto::Welcome& message = *out.mutable_welcome();
  message.set_cluster_uuid(welcome.cluster_uuid);
  message.set_epoch(welcome.epoch.value);
  message.set_node(welcome.node.value);
  message.set_heartbeat_ms(welcome.heartbeat.count());
  message.set_lease_ms(welcome.lease.count());
  for (const AttemptKey key : welcome.keep) *message.add_keep() = to_proto(key);
}

void fill(proto::ToAgent& out, const Prepare& prepare, const Lists& lists) {
  proto::Prepare& message = *out.mutable_prepare();
  *message.mutable_key() = to_proto(prepare.key);
  message.set_epoch(prepare.epoch.value);
  *message.mutable_request() = to_proto(*prepare.request);
  message.set_node_list(lists.encoder.encode(prepare.nodes, lists.form));
  message.set_this_node(prepare.this_node);
  message.set_kill_wait_ms(prepare.kill_wait.count());
  message.set_job_key(prepare.job_key);
  message.set_script(prepare.script);
  message.set_environment(prepare.environment);
  message.set_partition(prepare.partition);
  message.set_cluster_name(prepare.cluster_name);
  if (!prepare.array) return;
  message.mutable_request()->clear_array();  // a node needs no list of a million tasks
  proto::ArrayPlace& array = *message.mutable_array();
  array.set_id(prepare.array->id);
  array.set_index(prepare.array->index);
  array.set_count(prepare.array->count);
  array.set_lowest(prepare.array->lowest);
  array.set_highest(prepare.array->highest);
  array.set_step(prepare.array->step);
}

void fill(proto::ToAgent& out, const Start& start, const Lists&) {
  proto::Start& message = *out.mutable_start();
  *message.mutable_key() = to_proto(start.key);
  message.set_epoch(start.epoch.value);
  for (const std::string& peer : start.peers) message.add_peers(peer);
}

void fill(proto::ToAgent& out, const Stop& stop, const Lists&) {
  proto::Stop& message = *out.mutable_stop();
  *message.mutable_key() = to_proto(stop.key);
  message.set_epoch(stop.epoch.value);
  message.set_grace_ms(stop.grace.count());
}

void fill(proto::ToAgent& out, const Signal& signal, const Lists&) {
  proto::Signal& message = *out.mutable_signal();
  *message.mutable_key() = to_proto(signal.key);
  message.set_epoch(signal.epoch.value);
  message.set_number(signal.number);
  *message.mutable_what() = to_proto(signal.what);
}

void fill(proto::ToAgent& out, const Suspend& suspend, const Lists&) {
  proto::Suspend& message = *out.mutable_suspend();
  *message.mutable_key() = to_proto(suspend.key);
  message.set_epoch(suspend.epoch.value);
  message.set_suspended(suspend.suspended);
}

void fill(proto::ToAgent& out, const Forget& forget, const Lists&) {
  proto::Forget& message = *out.mutable_forget();
  *message.mutable_key() = to_proto(forget.key);
  message.set_epoch(forget.epoch.value);
}

Welcome from(const proto::Welcome& message) {
  Welcome welcome;
  welcome.cluster_uuid = message.cluster_uuid();
  welcome.epoch = Epoch{message.epoch()};
  welcome.node = NodeId{message.node()};
  welcome.heartbeat = Millis{message.heartbeat_ms()};
  welcome.lease = Millis{message.lease_ms()};
  for (const proto::AttemptKey& key : message.keep()) welcome.keep.push_back(from_proto(key));
  return welcome;
}

using ProtoNodes = google::protobuf::RepeatedPtrField<proto::JobNode>;
using ProtoRuns = google::protobuf::RepeatedPtrField<proto::NodeRun>;

Result<std::vector<JobNode>> from_nodes(const ProtoNodes& messages) {
  std::vector<JobNode> nodes;
  for (const proto::JobNode& node : messages) {
    Result<JobNode> converted = from_proto(node);
    if (!converted) return fail(converted.error());
    nodes.push_back(*std::move(converted));
  }
  return nodes;
}

std::vector<JobNodes::Run> from_runs(const ProtoRuns& messages) {
  std::vector<JobNodes::Run> runs;
  for (const proto::NodeRun& run : messages) runs.push_back({run.first(), run.of()});
  return runs;
}

Result<JobNodes> from_parts(const proto::JobNodes& list) {
  JobNodes::Parts parts;
  auto names = expand_hostlist(list.names());
  if (!names) return fail(names.error());
  auto shares = from_nodes(list.shares());
  if (!shares) return fail(shares.error());
  parts.names = *std::move(names);
  parts.shares = *std::move(shares);
  parts.share_runs = from_runs(list.share_runs());
  parts.leaves = {list.leaves().begin(), list.leaves().end()};
  parts.leaf_runs = from_runs(list.leaf_runs());
  return JobNodes::from_parts(std::move(parts));
}

void add_runs(const std::vector<JobNodes::Run>& runs, ProtoRuns& messages) {
  for (const JobNodes::Run& run : runs) {
    proto::NodeRun& message = *messages.Add();
    message.set_first(run.first);
    message.set_of(run.of);
  }
}

// As agents of protocol 1 take it.
proto::JobNodes one_by_one(const JobNodes& nodes) {
  proto::JobNodes list;
  for (std::size_t place = 0; place < nodes.size(); ++place) {
    *list.add_nodes() = to_proto(nodes[place]);
  }
  return list;
}

proto::JobNodes in_parts(const JobNodes& nodes) {
  const JobNodes::Parts& parts = nodes.parts();
  proto::JobNodes list;
  list.set_names(compress_hostlist(parts.names));
  for (const JobNode& share : parts.shares) *list.add_shares() = to_proto(share);
  for (const std::string& leaf : parts.leaves) list.add_leaves(leaf);
  add_runs(parts.share_runs, *list.mutable_share_runs());
  add_runs(parts.leaf_runs, *list.mutable_leaf_runs());
  return list;
}

Result<JobNodes> from_node_list(const std::string& bytes) {
  proto::JobNodes list;
  if (!list.ParseFromString(bytes)) {
    return fail(ErrorCode::kInvalid, "the list of nodes does not read back");
  }
  if (!list.names().empty()) return from_parts(list);
  auto nodes = from_nodes(list.nodes());
  if (!nodes) return fail(nodes.error());
  return JobNodes(*nodes);
}

Result<ToAgent> from(const proto::Prepare& message) {
  Result<JobRequest> request = from_proto(message.request());
  if (!request) return fail(request.error().within("prepare"));
  Prepare prepare;
  prepare.key = from_proto(message.key());
  prepare.epoch = Epoch{message.epoch()};
  prepare.request = std::make_shared<const JobRequest>(*std::move(request));
  Result<JobNodes> nodes = from_node_list(message.node_list());
  if (!nodes) return fail(nodes.error().within("prepare"));
  prepare.nodes = *std::move(nodes);
  if (message.this_node() >= prepare.nodes.size()) {
    return fail(ErrorCode::kInvalid, "prepare: this_node is not among the nodes");
  }
  prepare.this_node = message.this_node();
  prepare.kill_wait = Millis{message.kill_wait_ms()};
  prepare.job_key = message.job_key();
  prepare.script = message.script();
  prepare.environment = message.environment();
  prepare.partition = message.partition();
  prepare.cluster_name = message.cluster_name();
  if (message.has_array()) {
    const proto::ArrayPlace& array = message.array();
    prepare.array = ArrayPlace{array.id(),     array.index(),   array.count(),
                               array.lowest(), array.highest(), array.step()};
  }
  return prepare;
}

Start from(const proto::Start& message) {
  Start start;
  start.key = from_proto(message.key());
  start.epoch = Epoch{message.epoch()};
  start.peers = {message.peers().begin(), message.peers().end()};
  return start;
}

Stop from(const proto::Stop& message) {
  return {from_proto(message.key()), Epoch{message.epoch()}, Millis{message.grace_ms()}};
}

Result<ToAgent> from(const proto::Signal& message) {
  const Result<SignalRequest> what = from_proto(message.what());
  if (!what) return fail(what.error());
  return Signal{from_proto(message.key()), Epoch{message.epoch()}, message.number(), *what};
}

Suspend from(const proto::Suspend& message) {
  return {from_proto(message.key()), Epoch{message.epoch()}, message.suspended()};
}

Forget from(const proto::Forget& message) {
  return {from_proto(message.key()), Epoch{message.epoch()}};
}

// ---- agent to scheduler -----------------------------------------------------------------------

proto::EpilogWord to_proto(const EpilogWord& epilog) {
  proto::EpilogWord message;
  message.set_runs(epilog.runs);
  message.set_failure(epilog.failure);
  message.set_of_orphan(epilog.of_orphan);
  return message;
}

EpilogWord from(const proto::EpilogWord& message) {
  return {message.runs(), message.failure(), message.of_orphan()};
}

void fill(proto::FromAgent& out, const Hello& hello) {
  proto::Hello& message = *out.mutable_hello();
  message.set_protocol(kProtocolVersion);
  message.set_node_name(hello.node_name);
  message.set_boot_id(hello.boot_id);
  message.set_cluster_uuid(hello.cluster_uuid);
  *message.mutable_shape() = to_proto(*hello.shape);
  for (const AttemptKey key : hello.attempts) *message.add_attempts() = to_proto(key);
  message.set_prolog_limit_ms(hello.prolog_limit.count());
}

void fill(proto::FromAgent& out, const Heartbeat&) { out.mutable_heartbeat(); }

void fill(proto::FromAgent& out, const Prepared& prepared) {
  proto::Prepared& message = *out.mutable_prepared();
  *message.mutable_key() = to_proto(prepared.key);
  message.set_ok(prepared.ok);
  message.set_node_fault(prepared.node_fault);
  message.set_message(prepared.message);
  message.set_address(prepared.address);
  message.set_prolog_failed(prepared.prolog_failed);
  *message.mutable_epilog() = to_proto(prepared.epilog);
}

void fill(proto::StepRecord& out, const StepRecord& step) {
  out.set_step(step.step);
  out.set_name(step.name);
  out.set_tasks(step.tasks);
  out.set_nodes(step.nodes);
  out.set_exit_code(step.exit_code);
  out.set_signal(step.signal);
  out.set_start_ms(step.started.time_since_epoch().count());
  out.set_elapsed_ms(step.elapsed.count());
  out.set_peak_memory_mib(step.peak_memory_mib);
  *out.mutable_use() = usine::to_proto(step.use);
}

StepRecord from(const proto::StepRecord& message) {
  return {message.step(),
          message.name(),
          message.tasks(),
          message.nodes(),
          message.exit_code(),
          message.signal(),
          Time{Millis{message.start_ms()}},
          Millis{message.elapsed_ms()},
          message.peak_memory_mib(),
          from_proto(message.use())};
}

StepRecords steps_of(const proto::Ended& message) {
  StepRecords steps;
  for (const proto::StepRecord& step : message.steps()) {
    if (steps.kept.size() == StepRecords::kKeptMax) break;
    steps.kept.push_back(from(step));
  }
  steps.left_out = message.steps_left_out();
  return steps;
}

void fill(proto::FromAgent& out, const Ended& ended) {
  proto::Ended& message = *out.mutable_ended();
  *message.mutable_key() = to_proto(ended.key);
  *message.mutable_exit() = to_proto(ended.exit);
  message.set_elapsed_ms(ended.elapsed.count());
  message.set_peak_memory_mib(ended.peak_memory_mib);
  *message.mutable_use() = usine::to_proto(ended.use);
  *message.mutable_epilog() = to_proto(ended.epilog);
  for (const StepRecord& step : ended.steps.kept) fill(*message.add_steps(), step);
  message.set_steps_left_out(ended.steps.left_out);
}

Result<FromAgent> from(const proto::Hello& message) {
  Result<NodeShape> shape = from_proto(message.shape());
  if (!shape) return fail(shape.error().within("hello of '" + message.node_name() + "'"));
  Hello hello;
  hello.node_name = message.node_name();
  hello.boot_id = message.boot_id();
  hello.cluster_uuid = message.cluster_uuid();
  hello.shape = std::make_shared<const NodeShape>(*std::move(shape));
  for (const proto::AttemptKey& key : message.attempts()) {
    hello.attempts.push_back(from_proto(key));
  }
  hello.prolog_limit = Millis{message.prolog_limit_ms()};
  return hello;
}

Prepared from(const proto::Prepared& message) {
  return {from_proto(message.key()), message.ok(),      message.node_fault(),
          message.message(),         message.address(), message.prolog_failed(),
          from(message.epilog())};
}

Result<FromAgent> from(const proto::Ended& message) {
  Result<ExitStatus> exit = from_proto(message.exit());
  if (!exit) return fail(exit.error().within("ended"));
  return Ended{from_proto(message.key()), *std::move(exit),          Millis{message.elapsed_ms()},
               message.peak_memory_mib(), from_proto(message.use()), from(message.epilog()),
               steps_of(message)};
}

std::unexpected<Error> unknown_kind() {
  return fail(ErrorCode::kInvalid, "a message of a kind that this version of usine does not know");
}

}  // namespace

const std::string& NodeListEncoder::encode(const JobNodes& nodes, ListForm form) {
  if (last_ && last_->is_same(nodes) && form_ == form) return bytes_;
  const proto::JobNodes list = form == ListForm::kInParts ? in_parts(nodes) : one_by_one(nodes);
  bytes_ = list.SerializeAsString();
  last_ = nodes;
  form_ = form;
  return bytes_;
}

proto::ToAgent to_proto(const ToAgent& message, NodeListEncoder& lists, ListForm form) {
  proto::ToAgent out;
  std::visit([&](const auto& kind) { fill(out, kind, Lists{lists, form}); }, message);
  return out;
}

Result<ToAgent> from_proto(const proto::ToAgent& message) {
  switch (message.message_case()) {
    case proto::ToAgent::kWelcome: return from(message.welcome());
    case proto::ToAgent::kPrepare: return from(message.prepare());
    case proto::ToAgent::kStart: return from(message.start());
    case proto::ToAgent::kStop: return from(message.stop());
    case proto::ToAgent::kForget: return from(message.forget());
    case proto::ToAgent::kSignal: return from(message.signal());
    case proto::ToAgent::kSuspend: return from(message.suspend());
    case proto::ToAgent::MESSAGE_NOT_SET: break;
  }
  return unknown_kind();
}

proto::FromAgent to_proto(const FromAgent& message) {
  proto::FromAgent out;
  std::visit([&out](const auto& kind) { fill(out, kind); }, message);
  return out;
}

Result<FromAgent> from_proto(const proto::FromAgent& message) {
  switch (message.message_case()) {
    case proto::FromAgent::kHello: return from(message.hello());
    case proto::FromAgent::kHeartbeat: return Heartbeat{};
    case proto::FromAgent::kPrepared: return from(message.prepared());
    case proto::FromAgent::kEnded: return from(message.ended());
    case proto::FromAgent::MESSAGE_NOT_SET: break;
  }
  return unknown_kind();
}

}  // namespace usine
