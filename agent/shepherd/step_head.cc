#include "agent/shepherd/step_head.h"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "agent/core/launch_layout.h"

namespace usine::shepherd {
namespace {

// Shells give this for a process that signal n ended: 128 + n.
constexpr int kSignalExit = 128;
// Input that tasks have not read: beyond this the client is slowed down.
constexpr std::uint64_t kUntakenInputMax = 1u << 20;

int exit_code_of(const proto::TaskEnded& ended) {
  return ended.signal() != 0 ? kSignalExit + ended.signal() : ended.exit_code();
}

std::string how_it_ended(const proto::TaskEnded& ended) {
  if (!ended.message().empty()) return "was not started: " + ended.message();
  if (!ended.out_of_memory().empty()) return "ended: " + ended.out_of_memory();
  if (ended.signal() == 0) return "exited with " + std::to_string(ended.exit_code());
  return "was ended by signal " + std::to_string(ended.signal()) + " (" +
         ::strsignal(ended.signal()) + ")";
}

}  // namespace

StepHead::StepHead(const JobSpec& spec, os::PollLoop& loop, std::uint32_t step,
                   ConnectionPtr client)
    : spec_(spec), loop_(loop), step_(step), client_(std::move(client)) {
  attend_client();
}

StepHead::~StepHead() {
  loop_.cancel(kill_timer_);
  client_->close();
}

void StepHead::start(Work work, const std::vector<std::string>& addresses,
                     const StepBranches::Lines& lines) {
  order_ = std::move(work.order);
  layout_ = std::move(work.layout);
  for (const agent::StepLayout::Node& node : layout_.nodes) {
    places_.push_back({.tasks_left = node.tasks(), .pmix = {}});
  }
  const Status sent = send_launch(launch_of(work.run, work.meeting), addresses, lines);
  if (!sent) return refuse(sent.error().message);
  const std::string program =
      work.run.command().empty() ? work.run.programs_file() : work.run.command(0);
  account_.begin(step_, program_name(program), layout_.tasks(),
                 static_cast<std::uint32_t>(layout_.nodes.size()));
  fences_.open(branches_.count(), kFenceBytesMax);
}

void StepHead::refuse(const std::string& why) {
  branches_.close();
  places_.clear();
  failure_ = Outcome{1, why};
  conclude_if_over();
}

void StepHead::attend_client() {
  client_->hand_over(
      {.message = [this](const ConnectionPtr&,
                         proto::ShepherdMessage& message) { handle_client(message); },
       .closed =
           [this](const ConnectionPtr&, const std::string&) {
             client_gone_ = true;
             branches_.hold(false);
             if (!outcome_) fail_step(kSignalExit + SIGHUP, "the client of the step has gone");
           },
       .drained = [this] { branches_.hold(false); }});
}

proto::LaunchTasks StepHead::launch_of(const proto::RunStep& run,
                                       const agent::MeetingPoint& meeting) const {
  const AttemptKey& key = spec_.launch.key;
  proto::LaunchTasks launch;
  launch.set_step(step_);
  *launch.mutable_run() = run;
  for (const agent::StepLayout::Node& node : layout_.nodes) {
    launch.add_node_indexes(node.job_node);
    launch.add_tasks_on_node(node.tasks());
    launch.add_cores_per_task(node.cores_per_task);
    launch.add_gpus_on_node(node.gpus);
  }
  launch.set_nspace(spec_.launch.cluster + '.' + std::to_string(key.job.value) + '.' +
                    std::to_string(key.attempt.value) + '.' + std::to_string(step_));
  launch.set_master_address(meeting.address);
  launch.set_master_port(meeting.port);
  return launch;
}

Status StepHead::send_launch(proto::LaunchTasks launch, const std::vector<std::string>& addresses,
                             const StepBranches::Lines& lines) {
  for (const agent::StepLayout::Node& node : layout_.nodes) {
    if (node.job_node >= addresses.size()) {
      return fail(ErrorCode::kUnavailable, "the job was started without the address of " +
                                               spec_.launch.nodes[node.job_node].name);
    }
    launch.add_addresses(addresses[node.job_node]);
  }
  return branches_.open(
      launch, {0, layout_.nodes.size()}, lines,
      {.message = [this](std::size_t place,
                         const proto::ShepherdMessage& message) { handle_place(place, message); },
       .lost = [this](PlaceRange places, const std::string& why) { lose(places, why); }});
}

const std::string& StepHead::node_name(std::size_t place) const {
  return spec_.launch.nodes[layout_.nodes[place].job_node].name;
}

std::string StepHead::name_of(std::uint32_t rank) const {
  return "rank " + std::to_string(rank) + " on " + node_name(layout_.place_of(rank));
}

void StepHead::handle_client(const proto::ShepherdMessage& message) {
  if (message.has_input()) route_input(message.input());
  if (message.has_signal_step()) signal_all(message.signal_step().signal());
  if (message.has_window_size()) {
    proto::ShepherdMessage size = message;
    set_to(size, 0);
    branches_.send(size);
  }
}

void StepHead::route_input(const proto::TaskInput& input) {
  proto::ShepherdMessage message;
  *message.mutable_input() = input;
  message.mutable_input()->set_step(step_);
  if (order_.input_to == StepOrder::InputTo::kNone) return;
  if (order_.input_to == StepOrder::InputTo::kRank) {
    set_to(message, layout_.place_of(order_.input_rank));
  }
  branches_.send(message);
  for (std::size_t place = 0; place < places_.size(); ++place) {
    const bool takes = is_for(message, place) && places_[place].tasks_left > 0;
    if (takes) places_[place].untaken_input += input.data().size();
  }
  hold_client_if_full();
}

void StepHead::hold_client_if_full() {
  client_->hold(std::ranges::any_of(
      places_, [](const Place& place) { return place.untaken_input > kUntakenInputMax; }));
}

void StepHead::handle_place(std::size_t place, const proto::ShepherdMessage& message) {
  if (message.has_output()) {
    take_output(message);
  } else if (message.has_step_started()) {
    take_started(place, message.step_started().pmix());
  } else if (message.has_task_ended()) {
    take_end(place, message.task_ended());
  } else if (message.has_fence()) {
    take_fence(place, message.fence());
  } else if (message.has_modex_request() || message.has_modex_answer()) {
    route_modex(message);
  } else if (message.has_rank_connected()) {
    in_mpi_.insert(message.rank_connected().rank());
    check_wire_up();
  } else if (message.has_input_taken()) {
    std::uint64_t& untaken = places_[place].untaken_input;
    untaken -= std::min(untaken, message.input_taken().bytes());
    hold_client_if_full();
  } else if (message.has_step_aborted() && message.step_aborted().rank() < layout_.tasks()) {
    const proto::StepAborted& aborted = message.step_aborted();
    fail_step(
        aborted.status() == 0 ? 1 : aborted.status() & 0xFF,
        name_of(aborted.rank()) + " aborted the step with " + std::to_string(aborted.status()));
  } else if (message.has_places_lost()) {
    const proto::PlacesLost& lost = message.places_lost();
    lose({lost.first(), lost.end()}, lost.message());
  }
}

void StepHead::take_output(const proto::ShepherdMessage& message) {
  client_->send(message);
  if (!client_gone_ && client_->congested()) branches_.hold(true);
}

void StepHead::take_started(std::size_t place, bool pmix) {
  if (std::exchange(places_[place].pmix, pmix) || ++places_started_ < places_.size()) return;
  const auto without = std::ranges::find(places_, std::optional(false), &Place::pmix);
  const bool some_with =
      std::ranges::find(places_, std::optional(true), &Place::pmix) != places_.end();
  if (some_with && without != places_.end()) {
    const auto index = static_cast<std::size_t>(without - places_.begin());
    return fail_step(1, node_name(index) +
                            " has no libpmix.so.2, other nodes of the step have: "
                            "ranks there would not find the others");
  }
  proto::ShepherdMessage message;
  proto::StepStarted& started = *message.mutable_step_started();
  started.set_step(step_);
  started.set_pmix(some_with);
  started.set_tasks(layout_.tasks());
  client_->send(message);
}

void StepHead::take_end(std::size_t place, const proto::TaskEnded& ended) {
  if (ended.rank() >= layout_.tasks() || places_[place].tasks_left == 0) return;
  --places_[place].tasks_left;
  account_.add(ended);
  if (exit_code_of(ended) != 0) {
    if (memory_shortage_.empty()) memory_shortage_ = ended.out_of_memory();
    take_bad_end(ended);
  } else if (!in_mpi_.contains(ended.rank())) {
    never_in_mpi_.insert(ended.rank());
    check_wire_up();
  }
  if (places_[place].tasks_left == 0) {
    places_[place].untaken_input = 0;
    hold_client_if_full();
  }
  conclude_if_over();
}

void StepHead::take_bad_end(const proto::TaskEnded& ended) {
  const std::string what = name_of(ended.rank()) + ' ' + how_it_ended(ended);
  if (ends_step(ended)) return fail_step(exit_code_of(ended), what);
  bad_end_.exit_code = std::max(bad_end_.exit_code, exit_code_of(ended));
  never_in_mpi_.insert(ended.rank());
  check_wire_up();
  if (bad_ends_++ > 0) return;
  bad_end_.message = what;
  const auto runs = [](const Place& other) { return other.tasks_left > 0; };
  if (failure_ || std::ranges::none_of(places_, runs)) return;
  const bool as_asked = order_.bad_exit == StepOrder::BadExit::kGoesOn;
  proto::ShepherdMessage message;
  message.mutable_notice()->set_text(what + "; the step goes on" +
                                     (as_asked ? "" : ", --kill-on-bad-exit would have ended it"));
  client_->send(message);
}

// A rank that others would wait for in MPI does, whatever was asked for.
bool StepHead::ends_step(const proto::TaskEnded& ended) const {
  if (!ended.message().empty() || in_mpi_.contains(ended.rank())) return true;
  switch (order_.bad_exit) {
    case StepOrder::BadExit::kEnds: return true;
    case StepOrder::BadExit::kGoesOn: return false;
    case StepOrder::BadExit::kCrashEnds: break;
  }
  return ended.signal() != 0 || !ended.out_of_memory().empty();
}

StepHead::Outcome StepHead::outcome_of_ranks() const {
  Outcome outcome = bad_end_;
  if (bad_ends_ > 1) {
    const std::uint32_t more = bad_ends_ - 1;
    outcome.message +=
        ", and " + std::to_string(more) + " more rank" + (more == 1 ? "" : "s") + " ended badly";
  }
  return outcome;
}

// A rank that left without MPI_Init keeps those that are in it waiting for ever.
void StepHead::check_wire_up() {
  if (in_mpi_.empty() || never_in_mpi_.empty()) return;
  fail_step(std::max(bad_end_.exit_code, 1),
            name_of(*never_in_mpi_.begin()) + " ended without joining the step's " +
                std::to_string(layout_.tasks()) + " ranks in MPI_Init");
}

void StepHead::take_fence(std::size_t place, const proto::FenceData& fence) {
  auto joined = fences_.add(fence.fence(), branches_.branch_of(place), fence.data());
  if (fence.overgrown() || fences_.overgrown())
    return fail_step(1, "a collective of the step has outgrown its bound");
  if (!joined) return;
  proto::ShepherdMessage message;
  proto::FenceData& answer = *message.mutable_fence();
  answer.set_step(step_);
  answer.set_fence(fence.fence());
  answer.set_answer(true);
  answer.set_data(std::move(*joined));
  branches_.send(message);
}

void StepHead::route_modex(proto::ShepherdMessage message) {
  std::size_t to = places_.size();
  if (message.has_modex_answer()) {
    to = message.modex_answer().to_node();
  } else if (message.modex_request().rank() < layout_.tasks()) {
    to = layout_.place_of(message.modex_request().rank());
  }
  if (to >= places_.size()) return;
  set_to(message, to);
  branches_.send(message);
}

// The first of the places is the one that all of them were reached by.
void StepHead::lose(PlaceRange lost, const std::string& why) {
  const std::size_t end = std::min(lost.end, places_.size());
  bool ran = false;
  for (std::size_t place = lost.first; place < end; ++place) {
    ran |= std::exchange(places_[place].tasks_left, 0) > 0;
  }
  if (ran) fail_step(1, "lost " + node_name(lost.first) + " during the step: " + why);
  conclude_if_over();
}

void StepHead::fail_step(int exit_code, const std::string& message) {
  if (failure_ || outcome_) return;
  failure_ = Outcome{exit_code, message};
  signal_all(SIGTERM);
  kill_timer_ = loop_.after(spec_.kill_wait, [this] { signal_all(SIGKILL); });
}

void StepHead::signal_all(int signal) {
  proto::ShepherdMessage message;
  message.mutable_signal_step()->set_step(step_);
  message.mutable_signal_step()->set_signal(signal);
  branches_.send(message);
}

void StepHead::conclude_if_over() {
  const auto runs = [](const Place& place) { return place.tasks_left > 0; };
  if (outcome_ || std::ranges::any_of(places_, runs)) return;
  outcome_ = failure_ ? *failure_ : outcome_of_ranks();
  loop_.cancel(kill_timer_);
  branches_.close();
  proto::ShepherdMessage message;
  proto::StepEnded& ended = *message.mutable_step_ended();
  ended.set_step(step_);
  ended.set_exit_code(outcome_->exit_code);
  ended.set_message(outcome_->message);
  client_->send(message);
}

std::optional<proto::StepEntry> StepHead::take_account(bool job_ends) {
  if (outcome_) return account_.close(outcome_->exit_code);
  // Its tasks have been killed with the job, and nobody is left to say so.
  if (job_ends) return account_.close(failure_ ? failure_->exit_code : kSignalExit + SIGKILL);
  return std::nullopt;
}

}  // namespace usine::shepherd
