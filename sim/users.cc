#include "sim/users.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "sim/place_wishes.h"
#include "sim/small_cluster.h"

namespace usine::sim {
namespace {

constexpr Millis kAskAgainMin{100};
constexpr Millis kAskAgainMax{10'000};
constexpr Millis kRunMax{600'000};
constexpr Millis kBeginMax{900'000};
constexpr Millis kSpareMax{3'600'000};  // between the last start that a deadline allows and now

constexpr std::uint64_t kTasksMax = 12;

const Caller kRoot{"root", 0, 0, true};

// Small tasks, so that several run at once; one in two arrays bounds how many.
void make_array(Chance& chance, JobRequest& request) {
  const auto tasks = static_cast<std::uint32_t>(1 + chance.below(kTasksMax));
  request.array = ArraySpec{{{0, tasks - 1, 1, 0}}, 0};
  if (chance.one_in(2)) request.array->limit = static_cast<std::uint32_t>(1 + chance.below(4));
  request.components.front().nodes = 1;
  request.components.front().tasks = 1;
}

void set_class(Chance& chance, JobRequest& request) {
  const std::array<const char*, 4> classes = {"", "low", "low", "high"};
  request.qos = classes[chance.below(classes.size())];
  if (chance.one_in(2)) request.user = "bob";
  const std::array<const char*, 3> projects = {"default", "astro", "bio"};
  request.project = projects[chance.below(projects.size())];
}

// Of an array, now and then some tasks only, by index or by how they ended.
void narrow(Chance& chance, const Job& array, ActOnJob& command) {
  const ArraySpec& spec = *array.request->array;
  if (chance.one_in(2)) {
    const auto index = static_cast<std::uint32_t>(chance.below(spec.count()));
    command.tasks = ArraySpec{{{index, index, 1, 0}}, 0};
  }
  if (command.action == JobAction::kRequeue && chance.one_in(2)) {
    command.states = {JobState::kFailed, JobState::kCancelled, JobState::kTimeout,
                      JobState::kNodeFail};
  }
}

}  // namespace

void Users::submit_over(std::uint32_t count, Time end) {
  waiting_ += count;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const Time at =
        parts_.agenda.now() + parts_.chance.between(Millis{0}, end - parts_.agenda.now());
    parts_.agenda.at(at, [this, key] { submit(key, any_request(key)); });
  }
}

Users::Request Users::any_request(const std::string& key) {
  Chance& chance = parts_.chance;
  const auto& shape = parts_.config->classes.front().shape;
  const auto nodes = static_cast<std::uint32_t>(parts_.config->nodes.size());
  auto request = std::make_shared<JobRequest>(
      make_request(1 + static_cast<std::uint32_t>(chance.below(nodes)),
                   1 + static_cast<std::uint32_t>(chance.below(shape.cores.size())),
                   static_cast<std::uint32_t>(chance.below(shape.gpus.size() + 1))));
  request->components.front().exclusive = chance.one_in(8);
  request->idempotency_key = key;
  const Millis run = chance.between(Millis{0}, kRunMax);
  request->launch.arguments = {std::to_string(run.count())};
  // One in eight is cut off by its limit.
  request->time_limit = chance.one_in(8) ? Seconds(1 + run.count() / 2'000) : Seconds(700);
  request->priority = -static_cast<std::int32_t>(chance.below(3));
  request->requeue = !chance.one_in(6);
  request->requeue_unfenced = chance.one_in(6);
  request->requeue_expedite = request->requeue && chance.one_in(6);
  if (chance.one_in(4)) request->warning = EndWarning{{10, SignalTarget::kSteps}, Seconds{1}};
  request->hold = chance.one_in(12);
  if (chance.one_in(8)) make_array(chance, *request);
  if (chance.one_in(4)) request->dependencies = any_dependencies();
  request->cancel_if_never = chance.one_in(2);
  set_class(chance, *request);
  if (chance.one_in(4)) wish_for_place(chance, *parts_.config, request->components.front());
  if (chance.one_in(12)) {
    const Millis spare = chance.between(Millis{0}, kSpareMax);
    request->deadline = parts_.agenda.now() + request->time_limit + spare;
  }
  request->name = "job" + std::to_string(chance.below(6));
  if (chance.one_in(8)) {
    const Time latest = request->deadline.value_or(Time::max()) - request->time_limit;
    request->begin = std::min(latest, parts_.agenda.now() + chance.between(Millis{0}, kBeginMax));
  }
  return request;
}

// On jobs that were accepted before, some of which the scheduler has forgotten by now.
Dependencies Users::any_dependencies() {
  Chance& chance = parts_.chance;
  const auto& jobs = parts_.witness.accepted_jobs();
  Dependencies wanted;
  wanted.any = chance.one_in(3);
  const std::uint64_t parts = 1 + chance.below(3);
  for (std::uint64_t i = 0; i < parts; ++i) {
    Dependency& part = wanted.items.emplace_back();
    part.kind = static_cast<DependencyKind>(chance.below(6));
    if (jobs.empty()) part.kind = DependencyKind::kSingleton;
    if (part.kind == DependencyKind::kSingleton) continue;
    const auto skip = static_cast<std::ptrdiff_t>(chance.below(jobs.size()));
    part.job = std::next(jobs.begin(), skip)->second;
    if (part.kind == DependencyKind::kAfter) part.delay = Seconds(60 * chance.below(5));
  }
  return wanted;
}

void Users::submit(const std::string& key, const Request& request) {
  const Caller caller{request->user, request->uid, request->gid, false};
  scheduler_.call(SubmitJob{caller, request, false, past_of(*request)},
                  [this, key, request](const std::optional<Result<Reply>>& reply) {
                    if (reply) return answered(key, *request, *reply);
                    const Millis pause = parts_.chance.between(kAskAgainMin, kAskAgainMax);
                    parts_.agenda.in(pause, [this, key, request] { submit(key, request); });
                  });
}

// As the daemon does before it hands a submission over.
std::vector<PastJob> Users::past_of(const JobRequest& request) const {
  std::vector<PastJob> past;
  for (const Dependency& item : request.dependencies.items) {
    for (const HistoryRow& row : parts_.journal.history()) {
      if (!row.final || row.key.job != item.job) continue;
      past.push_back({item.job, row.state, row.started, row.ended});
    }
  }
  return past;
}

void Users::answered(const std::string& key, const JobRequest& request,
                     const Result<Reply>& reply) {
  --waiting_;
  if (reply) return parts_.witness.accepted(key, std::get<Submitted>(*reply).job);
  // Calls that were lost may have taken all the time there was.
  if (request.deadline && reply.error().code == ErrorCode::kRefused) {
    auto later = std::make_shared<JobRequest>(request);
    later->deadline.reset();
    ++waiting_;
    return submit(key, later);
  }
  parts_.witness.breach("a sound job is refused: " + reply.error().message);
}

// An operator keeps nodes for a while, or takes back what another has kept.
void Users::reserve() {
  Chance& chance = parts_.chance;
  const std::string name = "kept" + std::to_string(chance.below(3));
  if (chance.one_in(3)) {
    return scheduler_.call(DeleteReservation{kRoot, name}, [](const auto&) {});
  }
  ReservationRequest request;
  request.name = name;
  request.start = parts_.agenda.now() + chance.between(Millis{0}, kBeginMax);
  request.length = Seconds(1 + static_cast<std::int64_t>(chance.below(600)));
  request.node_count = 1 + static_cast<std::uint32_t>(chance.below(parts_.config->nodes.size()));
  request.maintenance = chance.one_in(2);
  request.replace = chance.one_in(2);
  scheduler_.call(CreateReservation{kRoot, request}, [](const auto&) {});
}

void Users::meddle() {
  if (parts_.chance.one_in(6)) return reserve();
  const auto& jobs = parts_.witness.accepted_jobs();
  if (jobs.empty()) return;
  const auto job =
      std::next(jobs.begin(), static_cast<std::ptrdiff_t>(parts_.chance.below(jobs.size())));
  if (parts_.chance.one_in(4)) {
    const SetDependencies change{kRoot, job->second, any_dependencies(), {}};
    return scheduler_.call(change, [](const auto&) {});
  }
  if (parts_.chance.one_in(4)) {
    return scheduler_.call(MarkJob{kRoot, job->second, "half"}, [](const auto&) {});
  }
  const auto action = static_cast<JobAction>(parts_.chance.below(7));
  ActOnJob command{kRoot, job->second, action, {}, {}, {10, SignalTarget::kSteps}};
  const Job* known = scheduler_.is_up() ? scheduler_.state().find_job(command.job) : nullptr;
  if (known != nullptr && known->is_array()) {
    narrow(parts_.chance, *known, command);
    const auto limit = static_cast<std::uint32_t>(parts_.chance.below(5));
    scheduler_.call(SetArrayLimit{kRoot, command.job, limit}, [](const auto&) {});
  }
  scheduler_.call(command, [](const auto&) {});
}

void Users::let_all_go() {
  if (!scheduler_.is_up()) return;
  std::vector<Command> commands;
  for (const auto& [id, job] : scheduler_.state().jobs) {
    if (job.hold != HoldKind::kNone && job.state == JobState::kPending) {
      commands.push_back(ActOnJob{kRoot, id, JobAction::kRelease});
    }
    if (job.attempt && job.attempt->suspended) {
      commands.push_back(ActOnJob{kRoot, id, JobAction::kUnsuspend});
    }
    const bool never = job.dependencies.verdict().phase == DependencyPhase::kNever;
    if (never && job.state == JobState::kPending) {
      commands.push_back(ActOnJob{kRoot, id, JobAction::kCancel});
    }
  }
  for (std::uint32_t i = 0; i < scheduler_.state().nodes.size(); ++i) {
    if (!scheduler_.state().nodes[i].drain) continue;
    commands.push_back(
        ActOnNode{kRoot, scheduler_.state().node_name({i}), NodeAction::kResume, {}});
  }
  for (const Command& command : commands) scheduler_.call(command, [](const auto&) {});
}

}  // namespace usine::sim
