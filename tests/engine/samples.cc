#include "tests/engine/samples.h"

#include <cctype>
#include <cstdint>
#include <memory>

#include "sim/small_cluster.h"

namespace usine::test {
namespace {

constexpr AttemptKey kKey{{7}, {2}};
const Time kAt{Millis{1'795'248'000'123}};
const std::string kHash(64, 'a');

std::shared_ptr<const ClusterConfig> config() {
  auto made = std::make_shared<ClusterConfig>(
      *sim::make_cluster({.nodes = 2, .nodes_per_leaf = 2, .cores = 2, .gpus = 2}));
  made->fabric.domains[0].wiring = Wiring::kTorus;
  made->fabric.domains[0].dimensions = {1, 1, 1};
  made->nodes[1].features = {"big", "fast"};
  made->classes[0].shape.nics.push_back({"mlx5_0", "0000:0a:00.0", 1, 3});
  made->classes[0].shape.gpu_links_mbps = {0, 50'000, 50'000, 0};
  made->priority = {Millis{60'000}, Millis{10}, Millis{20}, Millis{40}, 250, Millis{30}, false, 4};
  made->user_limits = {1, 2, 3};
  made->job_maxima = {4, 5, Seconds{6}};
  const GroupLimits limits{{7, 8, 9}, {1, 2, 3}, {4, 5, Seconds{6}}};
  made->partitions[0].head_start = Millis{5};
  made->partitions[0].limits = limits;
  made->partitions[0].access = {{"alice"}, {"p"}};
  made->projects = {{"p", {"alice"}, 2, limits, 16}};
  made->qos = {{"low", {}, {}, {}, {}, true},
               {"urgent",
                Millis{7},
                limits,
                {{"alice"}, {"p"}},
                {{"low"}, Millis{5000}, Millis{9000}},
                false}};
  made->private_data = {true, false, true};
  return made;
}

std::shared_ptr<const NodeShape> shape() {
  return std::make_shared<NodeShape>(config()->classes[0].shape);
}

Dependencies dependencies() {
  return {{{DependencyKind::kAfter, {5}, std::nullopt, Seconds{600}},
           {DependencyKind::kAfterCorr, {6}, 3, {}},
           {DependencyKind::kSingleton, {}, {}, {}}},
          true};
}

std::vector<DependencyStatus> statuses() {
  return {{DependencyPhase::kMet, kAt}, {DependencyPhase::kNever, {}}, {}};
}

ReservationRequest reservation() {
  return {.name = "night",
          .start = kAt,
          .length = Seconds{3600},
          .recurrence = Recurrence::kWeekly,
          .until = kAt + Seconds{86'400},
          .zone = "Europe/Berlin",
          .offsets = {{kAt, Seconds{3600}}},
          .nodes = {"n0001"},
          .node_count = 2,
          .partition = "main",
          .users = {"alice"},
          .projects = {"default"},
          .maintenance = true,
          .is_private = true,
          .replace = true};
}

std::vector<PastJob> past() { return {{{5}, JobState::kTimeout, kAt, kAt}}; }

ArraySpec array() { return *parse_array_spec("1,3,5-9:2%3"); }

std::shared_ptr<const JobRequest> request() {
  auto made = std::make_shared<JobRequest>(sim::make_request(2, 2, 1));
  made->components[0].per_node.memory_mib = 512;
  made->components[0].per_node.gpu_type = "Simulated GPU";
  made->partition = "main";
  made->qos = "urgent";
  made->deadline = kAt;
  made->comment = "two words";
  made->begin = kAt;
  made->priority = -3;
  made->hold = true;
  made->requeue_unfenced = true;
  made->requeue_expedite = true;
  made->idempotency_key = "key";
  made->interactive = true;
  made->array = array();
  made->warning = EndWarning{{10, SignalTarget::kBatch}, Seconds{120}};
  made->dependencies = dependencies();
  made->cancel_if_never = true;
  made->reservation = "night";
  made->components[0].exclusive = true;
  made->components[0].only_nodes = {"n0001"};
  made->components[0].excluded_nodes = {"n0002"};
  made->components[0].constraint = {{{{"big"}, {"fast", "new"}}}, {{{{"a"}}}}, {{{{{"b"}}}, 1}}};
  made->components[0].topology = {
      DomainKind::kCell, DomainKind::kLeaf,     1,         Seconds{600}, 2,
      DomainKind::kRack, SegmentOrder::kSpread, {2, 2, 1}, true};
  made->components[0].any_nodes = true;
  made->components[0].cores_divide = true;
  made->components[0].memory_divides = true;
  made->launch = {.script_hash = kHash,
                  .environment_hash = kHash,
                  .arguments = {"--lr", "0.1"},
                  .script_name = "train.sh",
                  .working_directory = "/home/alice",
                  .output = "%j.out",
                  .error = "%j.err",
                  .input = "in.txt",
                  .open_mode = OpenMode::kAppend,
                  .umask = 027,
                  .limits = {{.resource = 7, .soft = 1024}}};
  return made;
}

Allocation allocation() {
  NodeShare share;
  share.node = {1};
  share.cores.insert(0);
  share.cores.insert(130);
  share.gpus.insert(1);
  share.nics.insert(0);
  share.memory_mib = 512;
  share.component = 1;
  return {{share}};
}

ExitStatus exit_status() { return {EndCause::kOutOfMemory, 137, 9, "killed by the kernel"}; }

ResourceUse use() { return {Millis{900}, Millis{800}, Millis{700}, 600}; }

EpilogWord epilog() { return {true, "epilog exited with 1", true}; }

Ended ended() { return {kKey, exit_status(), Millis{1'234}, 2'048, use(), epilog()}; }

}  // namespace

std::vector<Command> sample_commands() {
  const Caller caller{"alice", 1000, 100, true};
  const Hello hello{"n0001", "boot-1", "uuid-1", shape(), {kKey}, Millis{60'000}};
  return {
      Configure{"uuid-1", config()},
      StartEpoch{{3}},
      SubmitJob{caller, request(), true, past()},
      ActOnJob{
          caller, {7}, JobAction::kRequeue, array(), {JobState::kFailed}, {10, SignalTarget::kAll}},
      ActOnNode{caller, "n0001", NodeAction::kFence, "smoke"},
      AgentHello{hello},
      AgentGone{{1}},
      LeaseExpired{{1}},
      AgentPrepared{{1}, {kKey, false, true, "disk full", "10.0.0.1:99", true, epilog()}},
      AgentEnded{{1}, ended()},
      CommitPlan{{41}, {{{7}, allocation()}}, {{{9}, allocation(), {kKey}}}},
      Tick{},
      SetJobLimit{caller, {7}, Seconds{7200}, kAt},
      SetDependencies{caller, {7}, dependencies(), past()},
      MarkJob{caller, {7}, "epoch 3 of 9"},
      SetArrayLimit{caller, {7}, 8},
      CreateReservation{caller, reservation()},
      DeleteReservation{caller, "night"},
      UpdateJob{SetDependencies{caller, {7}, dependencies(), past()}, SetArrayLimit{caller, {7}, 8},
                SetJobLimit{caller, {7}, Seconds{7200}, kAt}}};
}

std::vector<Event> sample_events() {
  return {
      ClusterConfigured{"uuid-1", config()},
      EpochStarted{{3}, kAt},
      NodeJoined{{1}, "boot-1", shape(), kAt, Millis{60'000}},
      NodeUnreachable{{1}, kAt},
      NodeLost{{1}, "silent", kAt},
      NodeFenced{{1}},
      NodeDrained{{1}, {"smoke", "root", kAt}},
      NodeResumed{{1}},
      JobSubmitted{{7}, request(), {0}, kAt, statuses(), {1}},
      JobHeld{{7}, HoldKind::kOperator, kAt},
      JobReleased{{7}, kAt},
      AttemptPlaced{{7}, {2}, {3}, allocation(), kAt},
      NodePrepared{kKey, 1, "10.0.0.1:99"},
      AttemptStarted{kKey, kAt},
      StopRequested{kKey, {StopCause::kPreempted, "for job 9", kAt, {9}}},
      AttemptNodeEnded{kKey, 1, exit_status(), Millis{1'234}, 2'048, use()},
      AttemptEnded{kKey, JobState::kTimeout, exit_status(), kAt},
      JobRequeued{{7}, "node lost", kAt, {{1}}, HoldKind::kRequeueLimit, true, {{1}}, true, kAt},
      JobEnded{{7}, JobState::kFailed, exit_status(), "it failed", kAt},
      JobForgotten{{7}},
      JobLimitSet{{7}, Seconds{7200}},
      DependencyChanged{{7}, 1, statuses()[0], kAt},
      DependenciesSet{{7}, {dependencies(), statuses()}, kAt},
      JobMarked{{7}, {kAt, "epoch 3 of 9"}},
      JobClaimed{{7}, {allocation(), kAt, true}},
      ClaimDropped{{7}},
      ArrayTaskStarted{{7}, 3, {8}, kAt},
      ArrayTasksEnded{{7}, IntervalSet::first_numbers(5), JobState::kCancelled},
      ArrayTasksRenewed{{7}, IntervalSet::first_numbers(2)},
      ArrayLimitSet{{7}, 8},
      ReservationCreated{{reservation(), "root", {{0}, {1}}, {{1}}, 3, true}},
      ReservationDeleted{"night"},
      ReservationTurned{"night", 4, false},
      ReservedNodeChanged{"night", {1}, ReservedNodeChange::kReplaced, {2}},
      AttemptSignalled{kKey, {10, SignalTarget::kBatch}, true},
      SuspensionSet{kKey, true, kAt},
      EpilogStarted{kKey, 1, exit_status(), Millis{1'234}, 2'048, use()}};
}

std::string to_hex_lines(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[i]);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
    if (i % 40 == 39) text += '\n';
  }
  if (text.empty() || text.back() != '\n') text += '\n';
  return text;
}

Result<std::string> from_hex_lines(std::string_view text) {
  std::string digits;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) == 0) digits += c;
  }
  if (digits.size() % 2 != 0) return fail(ErrorCode::kInvalid, "half a byte in a hex file");
  std::string bytes;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    std::size_t used = 0;
    bytes += static_cast<char>(std::stoi(digits.substr(i, 2), &used, 16));
    if (used != 2) return fail(ErrorCode::kInvalid, "a hex file holds something else");
  }
  return bytes;
}

}  // namespace usine::test
