#include "proto/convert_model.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "common/codec.h"
#include "common/digest.h"
#include "common/index_set.h"

namespace usine {
namespace {

// One number at the front of `text`, which is shortened by it. False where there is none.
bool take_number(std::string_view& text, std::size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

// "3" or "0-3" at the front of `text`. False where there is none, or it leaves the set.
template <typename Set>
bool take_range(std::string_view& text, Set& set) {
  std::size_t first = 0;
  if (!take_number(text, first)) return false;
  std::size_t last = first;
  if (take(text, '-') && !take_number(text, last)) return false;
  if (last >= Set::kCapacity || last < first) return false;
  for (std::size_t i = first; i <= last; ++i) set.insert(i);
  return true;
}

// The inverse of IndexSet::to_string: "0-3,8".
template <typename Set>
Result<Set> parse_index_set(std::string_view text, std::string_view field) {
  Set set;
  std::string_view rest = text;
  bool sound = text.empty() || take_range(rest, set);
  while (sound && !rest.empty()) sound = take(rest, ',') && take_range(rest, set);
  if (sound) return set;
  return fail(ErrorCode::kInvalid, std::string(field) + ": '" + std::string(text) +
                                       "' is not a list of indexes below " +
                                       std::to_string(Set::kCapacity));
}

template <typename E>
Result<E> to_enum(std::uint32_t number, E last, std::string_view field) {
  if (number > static_cast<std::uint32_t>(last)) {
    return fail(ErrorCode::kInvalid, std::string(field) + ": " + std::to_string(number) +
                                         " is not known to this version of usine");
  }
  return static_cast<E>(number);
}

template <typename Repeated>
std::vector<std::string> to_strings(const Repeated& values) {
  return {values.begin(), values.end()};
}

proto::TopologyRequest to_proto(const TopologyRequest& topology) {
  proto::TopologyRequest message;
  const auto word = [](DomainKind kind) { return std::string(to_string(kind)); };
  if (topology.required) message.set_required(word(*topology.required));
  if (topology.preferred) message.set_preferred(word(*topology.preferred));
  message.set_switches_max(topology.switches_max);
  message.set_switches_wait_s(topology.switches_wait.count());
  message.set_segment(topology.segment);
  if (topology.segment_level) message.set_segment_level(word(*topology.segment_level));
  message.set_segment_order(static_cast<std::uint32_t>(topology.segment_order));
  if (!topology.shape.empty()) message.set_shape(to_string(topology.shape));
  message.set_shape_turns(topology.shape_turns);
  return message;
}

// Nothing where the word is absent. Error: kInvalid, naming the field.
Result<std::optional<DomainKind>> to_level(bool present, const std::string& word,
                                           std::string_view field) {
  if (!present) return std::nullopt;
  for (const DomainKind kind : kDomainKinds) {
    if (to_string(kind) == word) return kind;
  }
  return fail(ErrorCode::kInvalid, "topology." + std::string(field) + ": '" + word +
                                       "' is not known to this version of usine");
}

Result<TopologyRequest> from_proto(const proto::TopologyRequest& message) {
  const auto required = to_level(message.has_required(), message.required(), "required");
  if (!required) return fail(required.error());
  const auto preferred = to_level(message.has_preferred(), message.preferred(), "preferred");
  if (!preferred) return fail(preferred.error());
  const auto level =
      to_level(message.has_segment_level(), message.segment_level(), "segment_level");
  if (!level) return fail(level.error());
  const auto order =
      to_enum(message.segment_order(), SegmentOrder::kConsolidate, "topology.segment_order");
  if (!order) return fail(order.error());
  const auto shape = message.shape().empty() ? TorusSize{} : parse_torus_size(message.shape());
  if (!shape) return fail(shape.error());
  return TopologyRequest{*required,
                         *preferred,
                         message.switches_max(),
                         Seconds(message.switches_wait_s()),
                         message.segment(),
                         *level,
                         *order,
                         *shape,
                         message.shape_turns()};
}

proto::Component to_proto(const Component& component) {
  proto::Component message;
  message.set_nodes(component.nodes);
  message.set_tasks_per_node(component.tasks_per_node);
  message.set_tasks(component.tasks);
  message.set_cores_per_task(component.cores_per_task);
  proto::NodeDemand& demand = *message.mutable_per_node();
  demand.set_cores(component.per_node.cores);
  demand.set_gpus(component.per_node.gpus);
  demand.set_memory_mib(component.per_node.memory_mib);
  demand.set_gpu_type(component.per_node.gpu_type);
  message.set_exclusive(component.exclusive);
  for (const std::string& name : component.only_nodes) message.add_only_nodes(name);
  for (const std::string& name : component.excluded_nodes) message.add_excluded_nodes(name);
  message.set_constraint(to_string(component.constraint));
  if (!component.topology.empty()) *message.mutable_topology() = to_proto(component.topology);
  message.set_any_nodes(component.any_nodes);
  message.set_cores_divide(component.cores_divide);
  message.set_memory_divides(component.memory_divides);
  return message;
}

Result<Component> from_proto(const proto::Component& message) {
  Component component;
  component.nodes = message.nodes();
  component.tasks_per_node = message.tasks_per_node();
  component.tasks = message.tasks();
  component.cores_per_task = message.cores_per_task();
  component.per_node.cores = message.per_node().cores();
  component.per_node.gpus = message.per_node().gpus();
  component.per_node.memory_mib = message.per_node().memory_mib();
  component.per_node.gpu_type = message.per_node().gpu_type();
  component.exclusive = message.exclusive();
  component.only_nodes = to_strings(message.only_nodes());
  component.excluded_nodes = to_strings(message.excluded_nodes());
  if (!message.constraint().empty()) {
    Result<Constraint> constraint = parse_constraint(message.constraint());
    if (!constraint) return fail(constraint.error().within("constraint"));
    component.constraint = *std::move(constraint);
  }
  const Result<TopologyRequest> topology = from_proto(message.topology());
  if (!topology) return fail(topology.error());
  component.topology = *topology;
  component.any_nodes = message.any_nodes();
  component.cores_divide = message.cores_divide();
  component.memory_divides = message.memory_divides();
  return component;
}

proto::LaunchRequest to_proto(const LaunchRequest& launch) {
  proto::LaunchRequest message;
  message.set_script_hash(launch.script_hash);
  message.set_environment_hash(launch.environment_hash);
  for (const std::string& argument : launch.arguments) message.add_arguments(argument);
  message.set_script_name(launch.script_name);
  message.set_working_directory(launch.working_directory);
  message.set_output(launch.output);
  message.set_error(launch.error);
  message.set_input(launch.input);
  message.set_open_mode(static_cast<std::uint32_t>(launch.open_mode));
  message.set_umask(launch.umask);
  for (const ResourceLimit& limit : launch.limits) {
    proto::ResourceLimit& added = *message.add_limits();
    added.set_resource(limit.resource);
    added.set_soft(limit.soft);
  }
  return message;
}

Result<LaunchRequest> from_proto(const proto::LaunchRequest& message) {
  const Result<OpenMode> open_mode =
      to_enum(message.open_mode(), OpenMode::kAppend, "launch.open_mode");
  if (!open_mode) return fail(open_mode.error());
  LaunchRequest launch;
  launch.script_hash = message.script_hash();
  launch.environment_hash = message.environment_hash();
  launch.arguments = to_strings(message.arguments());
  launch.script_name = message.script_name();
  launch.working_directory = message.working_directory();
  launch.output = message.output();
  launch.error = message.error();
  launch.input = message.input();
  launch.open_mode = *open_mode;
  launch.umask = message.umask();
  for (const proto::ResourceLimit& limit : message.limits()) {
    launch.limits.push_back({limit.resource(), limit.soft()});
  }
  return launch;
}

}  // namespace

proto::AttemptKey to_proto(AttemptKey key) {
  proto::AttemptKey message;
  message.set_job(key.job.value);
  message.set_attempt(key.attempt.value);
  return message;
}

AttemptKey from_proto(const proto::AttemptKey& message) {
  return {JobId{message.job()}, AttemptNumber{message.attempt()}};
}

proto::ResourceUse to_proto(const ResourceUse& use) {
  proto::ResourceUse message;
  message.set_cpu_ms(use.cpu.count());
  message.set_gpu_seen_ms(use.gpu_seen.count());
  message.set_gpu_busy_ms(use.gpu_busy.count());
  message.set_gpu_memory_mib(use.gpu_memory_mib);
  return message;
}

ResourceUse from_proto(const proto::ResourceUse& message) {
  return {Millis{message.cpu_ms()}, Millis{message.gpu_seen_ms()}, Millis{message.gpu_busy_ms()},
          message.gpu_memory_mib()};
}

proto::ExitStatus to_proto(const ExitStatus& exit) {
  proto::ExitStatus message;
  message.set_cause(static_cast<std::uint32_t>(exit.cause));
  message.set_exit_code(exit.exit_code);
  message.set_signal(exit.signal);
  message.set_message(exit.message);
  return message;
}

Result<ExitStatus> from_proto(const proto::ExitStatus& message) {
  const Result<EndCause> cause = to_enum(message.cause(), EndCause::kLost, "exit.cause");
  if (!cause) return fail(cause.error());
  return ExitStatus{*cause, message.exit_code(), message.signal(), message.message()};
}

proto::Reason to_proto(const Reason& reason) {
  proto::Reason message;
  message.set_kind(std::string(to_string(reason.kind)));
  message.set_asked(reason.asked);
  message.set_free(reason.free);
  message.set_total(reason.total);
  message.set_text(reason.text);
  message.set_sentence(describe(reason));
  return message;
}

Result<Reason> from_proto(const proto::Reason& message) {
  if (const auto kind = reason_kind_from(message.kind())) {
    return Reason{*kind, message.asked(), message.free(), message.total(), message.text()};
  }
  return fail(ErrorCode::kInvalid,
              "reason.kind: '" + message.kind() + "' is not known to this version of usine");
}

proto::Dependencies to_proto(const Dependencies& dependencies) {
  proto::Dependencies message;
  message.set_any(dependencies.any);
  for (const Dependency& item : dependencies.items) {
    proto::Dependency& added = *message.add_items();
    added.set_kind(std::string(to_string(item.kind)));
    added.set_job(item.job.value);
    if (item.task) added.set_task(*item.task);
    added.set_delay_s(item.delay.count());
  }
  return message;
}

Result<Dependencies> from_proto(const proto::Dependencies& message) {
  Dependencies dependencies;
  dependencies.any = message.any();
  for (const proto::Dependency& item : message.items()) {
    const auto kind = dependency_kind_from(item.kind());
    if (!kind || item.delay_s() < 0) {
      return fail(ErrorCode::kInvalid,
                  "dependencies.kind: '" + item.kind() + "' is not known to this version of usine");
    }
    Dependency& added = dependencies.items.emplace_back();
    added = {*kind, JobId{item.job()}, std::nullopt, Seconds{item.delay_s()}};
    if (item.has_task()) added.task = item.task();
  }
  return dependencies;
}

proto::SignalRequest to_proto(const SignalRequest& signal) {
  proto::SignalRequest message;
  message.set_signal(signal.signal);
  message.set_target(static_cast<std::uint32_t>(signal.target));
  return message;
}

Result<SignalRequest> from_proto(const proto::SignalRequest& message) {
  const auto target = to_enum(message.target(), SignalTarget::kAll, "signal.target");
  if (!target) return fail(target.error());
  return SignalRequest{message.signal(), *target};
}

proto::JobRequest to_proto(const JobRequest& request) {
  proto::JobRequest message;
  message.set_name(request.name);
  message.set_user(request.user);
  message.set_uid(request.uid);
  message.set_gid(request.gid);
  message.set_project(request.project);
  message.set_partition(request.partition);
  message.set_comment(request.comment);
  for (const Component& component : request.components) {
    *message.add_components() = to_proto(component);
  }
  message.set_time_limit_s(request.time_limit.count());
  if (request.begin) message.set_begin_ms(request.begin->time_since_epoch().count());
  if (request.deadline) message.set_deadline_ms(request.deadline->time_since_epoch().count());
  message.set_qos(request.qos);
  message.set_priority(request.priority);
  message.set_hold(request.hold);
  message.set_requeue(request.requeue);
  message.set_requeue_unfenced(request.requeue_unfenced);
  message.set_requeue_expedite(request.requeue_expedite);
  message.set_idempotency_key(request.idempotency_key);
  message.set_interactive(request.interactive);
  if (!request.dependencies.empty()) {
    *message.mutable_dependencies() = to_proto(request.dependencies);
  }
  if (request.cancel_if_never) message.set_cancel_if_never(*request.cancel_if_never);
  message.set_reservation(request.reservation);
  if (request.array) message.set_array(to_string(*request.array));
  if (request.warning) {
    *message.mutable_warning()->mutable_what() = to_proto(request.warning->what);
    message.mutable_warning()->set_before_s(request.warning->before.count());
  }
  *message.mutable_launch() = to_proto(request.launch);
  return message;
}

Result<JobRequest> from_proto(const proto::JobRequest& message) {
  Result<LaunchRequest> launch = from_proto(message.launch());
  if (!launch) return fail(launch.error());
  JobRequest request;
  request.name = message.name();
  request.user = message.user();
  request.uid = message.uid();
  request.gid = message.gid();
  request.project = message.project();
  request.partition = message.partition();
  request.comment = message.comment();
  for (const proto::Component& component : message.components()) {
    Result<Component> part = from_proto(component);
    if (!part) return fail(part.error());
    request.components.push_back(*std::move(part));
  }
  request.time_limit = Seconds{message.time_limit_s()};
  if (message.has_begin_ms()) request.begin = Time{Millis{message.begin_ms()}};
  if (message.has_deadline_ms()) request.deadline = Time{Millis{message.deadline_ms()}};
  request.qos = message.qos();
  request.priority = message.priority();
  request.hold = message.hold();
  request.requeue = message.requeue();
  request.requeue_unfenced = message.requeue_unfenced();
  request.requeue_expedite = message.requeue_expedite();
  request.idempotency_key = message.idempotency_key();
  request.interactive = message.interactive();
  auto dependencies = from_proto(message.dependencies());
  if (!dependencies) return fail(dependencies.error());
  request.dependencies = *std::move(dependencies);
  if (message.has_cancel_if_never()) request.cancel_if_never = message.cancel_if_never();
  if (message.has_warning()) {
    const Result<SignalRequest> what = from_proto(message.warning().what());
    if (!what) return fail(what.error());
    request.warning = EndWarning{*what, Seconds{message.warning().before_s()}};
  }
  request.reservation = message.reservation();
  if (!message.array().empty()) {
    auto array = parse_array_spec(message.array());
    if (!array) return fail(array.error());
    request.array = *std::move(array);
  }
  request.launch = *std::move(launch);
  return request;
}

proto::JobNode to_proto(const JobNode& node) {
  proto::JobNode message;
  message.set_name(node.name);
  message.set_cores(node.cores.to_string());
  message.set_gpus(node.gpus.to_string());
  message.set_nics(node.nics.to_string());
  message.set_memory_mib(node.memory_mib);
  message.set_component(node.component);
  message.set_leaf(node.leaf);
  for (const std::uint32_t pu : node.pus) message.add_pus(pu);
  for (const std::string& bus_id : node.gpu_bus_ids) message.add_gpu_bus_ids(bus_id);
  for (const std::string& name : node.nic_names) message.add_nic_names(name);
  return message;
}

Result<JobNode> from_proto(const proto::JobNode& message) {
  const Result<CoreSet> cores = parse_index_set<CoreSet>(message.cores(), "node.cores");
  if (!cores) return fail(cores.error());
  const Result<GpuSet> gpus = parse_index_set<GpuSet>(message.gpus(), "node.gpus");
  if (!gpus) return fail(gpus.error());
  const Result<NicSet> nics = parse_index_set<NicSet>(message.nics(), "node.nics");
  if (!nics) return fail(nics.error());
  JobNode node;
  node.name = message.name();
  node.cores = *cores;
  node.gpus = *gpus;
  node.nics = *nics;
  node.memory_mib = message.memory_mib();
  node.component = message.component();
  node.leaf = message.leaf();
  node.pus = {message.pus().begin(), message.pus().end()};
  node.gpu_bus_ids = to_strings(message.gpu_bus_ids());
  node.nic_names = to_strings(message.nic_names());
  return node;
}

proto::NodeShape to_proto(const NodeShape& shape) {
  proto::NodeShape message;
  message.set_codec(codec::encode(shape));
  message.set_digest(to_hex(sha256(message.codec())));
  return message;
}

Result<NodeShape> from_proto(const proto::NodeShape& message) {
  if (to_hex(sha256(message.codec())) != message.digest()) {
    return fail(ErrorCode::kCorrupt, "shape: its bytes do not have its digest");
  }
  Result<NodeShape> shape = codec::decode<NodeShape>(message.codec());
  if (!shape) return fail(shape.error().within("shape"));
  const std::vector<std::string> faults = shape->faults();
  if (!faults.empty()) return fail(ErrorCode::kInvalid, "shape: " + faults.front());
  return shape;
}

}  // namespace usine
