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
// A joined fence travels in one frame, with a little beside it.
constexpr std::size_t kFenceBytesMax = os::FrameSocket::kFrameBytesMax - 4096;
constexpr std::uint32_t kInputToAll = 1;

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
  for (const Link& link : links_) link.connection->close();
}

void StepHead::start(const proto::RunStep& run, const agent::MeetingPoint& meeting,
                     const Connect& connect) {
  const auto layout = agent::lay_out_step(spec_.launch, {.nodes = run.nodes(),
                                                         .tasks = run.tasks(),
                                                         .tasks_per_node = run.tasks_per_node(),
                                                         .cores_per_task = run.cores_per_task()});
  if (!layout) return refuse(layout.error().message);
  if (run.command().empty()) return refuse("the step has no command");
  layout_ = *layout;
  input_to_all_ = run.input_to() == kInputToAll;
  fences_.open(layout_.nodes.size(), kFenceBytesMax);
  if (const Status open = open_links(connect); !open) return refuse(open.error().message);
  send_launch(run, meeting);
}

void StepHead::refuse(const std::string& why) {
  for (const Link& link : links_) link.connection->close();
  links_.clear();
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
             hold_links(false);
             if (!outcome_) fail_step(kSignalExit + SIGHUP, "the client of the step has gone");
           },
       .drained = [this] { hold_links(false); }});
}

Status StepHead::open_links(const Connect& connect) {
  for (std::size_t place = 0; place < layout_.nodes.size(); ++place) {
    auto connection = connect(layout_.nodes[place].job_node);
    if (!connection) {
      return fail(connection.error().within("reaching the shepherd of " + node_name(place)));
    }
    (*connection)
        ->hand_over({.message =
                         [this, place](const ConnectionPtr&, proto::ShepherdMessage& message) {
                           handle_link(place, message);
                         },
                     .closed = [this, place](const ConnectionPtr&,
                                             const std::string& why) { lose_link(place, why); },
                     .drained = {}});
    links_.push_back({.connection = std::move(*connection),
                      .tasks_left = layout_.nodes[place].tasks,
                      .pmix = {}});
  }
  return {};
}

void StepHead::send_launch(const proto::RunStep& run, const agent::MeetingPoint& meeting) {
  const AttemptKey& key = spec_.launch.key;
  proto::ShepherdMessage message;
  proto::LaunchTasks& launch = *message.mutable_launch_tasks();
  launch.set_step(step_);
  *launch.mutable_run() = run;
  for (const agent::StepLayout::Node& node : layout_.nodes) {
    launch.add_node_indexes(node.job_node);
    launch.add_tasks_on_node(node.tasks);
    launch.add_cores_per_task(node.cores_per_task);
  }
  launch.set_nspace(spec_.launch.cluster + '.' + std::to_string(key.job.value) + '.' +
                    std::to_string(key.attempt.value) + '.' + std::to_string(step_));
  launch.set_master_address(meeting.address);
  launch.set_master_port(meeting.port);
  for (const Link& link : links_) link.connection->send(message);
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
}

void StepHead::route_input(const proto::TaskInput& input) {
  proto::ShepherdMessage message;
  *message.mutable_input() = input;
  message.mutable_input()->set_step(step_);
  // Rank 0 runs on the first node of the layout.
  const std::size_t takers =
      input_to_all_ ? links_.size() : std::min<std::size_t>(links_.size(), 1);
  for (std::size_t place = 0; place < takers; ++place) {
    links_[place].connection->send(message);
    if (links_[place].tasks_left > 0) links_[place].untaken_input += input.data().size();
  }
  hold_client_if_full();
}

void StepHead::hold_client_if_full() {
  client_->hold(std::ranges::any_of(
      links_, [](const Link& link) { return link.untaken_input > kUntakenInputMax; }));
}

void StepHead::handle_link(std::size_t place, const proto::ShepherdMessage& message) {
  Link& link = links_[place];
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
    link.untaken_input -= std::min(link.untaken_input, message.input_taken().bytes());
    hold_client_if_full();
  } else if (message.has_step_aborted() && message.step_aborted().rank() < layout_.tasks()) {
    const proto::StepAborted& aborted = message.step_aborted();
    fail_step(
        aborted.status() == 0 ? 1 : aborted.status() & 0xFF,
        name_of(aborted.rank()) + " aborted the step with " + std::to_string(aborted.status()));
  } else if (message.has_refused()) {
    lose_link(place, message.refused().message());
  }
}

void StepHead::take_output(const proto::ShepherdMessage& message) {
  client_->send(message);
  if (!client_gone_ && client_->congested()) hold_links(true);
}

void StepHead::hold_links(bool held) {
  for (const Link& link : links_) link.connection->hold(held);
}

void StepHead::take_started(std::size_t place, bool pmix) {
  links_[place].pmix = pmix;
  const auto unknown = [](const Link& link) { return !link.pmix.has_value(); };
  if (std::ranges::any_of(links_, unknown)) return;
  const auto without = std::ranges::find(links_, std::optional(false), &Link::pmix);
  const bool some_with =
      std::ranges::find(links_, std::optional(true), &Link::pmix) != links_.end();
  if (some_with && without != links_.end()) {
    const auto index = static_cast<std::size_t>(without - links_.begin());
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
  if (ended.rank() >= layout_.tasks() || links_[place].tasks_left == 0) return;
  --links_[place].tasks_left;
  const int exit_code = exit_code_of(ended);
  if (exit_code != 0 && memory_shortage_.empty()) memory_shortage_ = ended.out_of_memory();
  if (exit_code != 0) {
    fail_step(exit_code, name_of(ended.rank()) + ' ' + how_it_ended(ended));
  } else if (!in_mpi_.contains(ended.rank())) {
    never_in_mpi_.insert(ended.rank());
    check_wire_up();
  }
  if (links_[place].tasks_left == 0) {
    links_[place].untaken_input = 0;
    hold_client_if_full();
  }
  conclude_if_over();
}

// A rank that left without MPI_Init keeps those that are in it waiting for ever.
void StepHead::check_wire_up() {
  if (in_mpi_.empty() || never_in_mpi_.empty()) return;
  fail_step(1, name_of(*never_in_mpi_.begin()) + " ended without joining the step's " +
                   std::to_string(layout_.tasks()) + " ranks in MPI_Init");
}

void StepHead::take_fence(std::size_t place, const proto::FenceData& fence) {
  auto joined = fences_.add(fence.fence(), place, fence.data());
  if (fences_.overgrown()) return fail_step(1, "a collective of the step has outgrown its bound");
  if (!joined) return;
  proto::ShepherdMessage message;
  proto::FenceData& answer = *message.mutable_fence();
  answer.set_step(step_);
  answer.set_fence(fence.fence());
  answer.set_answer(true);
  answer.set_data(std::move(*joined));
  for (const Link& link : links_) link.connection->send(message);
}

void StepHead::route_modex(const proto::ShepherdMessage& message) {
  if (message.has_modex_answer()) {
    const std::uint32_t to = message.modex_answer().to_node();
    if (to < links_.size()) links_[to].connection->send(message);
  } else if (message.modex_request().rank() < layout_.tasks()) {
    links_[layout_.place_of(message.modex_request().rank())].connection->send(message);
  }
}

void StepHead::lose_link(std::size_t place, const std::string& why) {
  links_[place].connection->close();
  if (links_[place].tasks_left > 0) {
    links_[place].tasks_left = 0;
    fail_step(1, "lost " + node_name(place) + " during the step: " + why);
  }
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
  for (const Link& link : links_) link.connection->send(message);
}

void StepHead::conclude_if_over() {
  const auto runs = [](const Link& link) { return link.tasks_left > 0; };
  if (outcome_ || std::ranges::any_of(links_, runs)) return;
  outcome_ = failure_.value_or(Outcome{});
  loop_.cancel(kill_timer_);
  for (const Link& link : links_) link.connection->close();
  proto::ShepherdMessage message;
  proto::StepEnded& ended = *message.mutable_step_ended();
  ended.set_step(step_);
  ended.set_exit_code(outcome_->exit_code);
  ended.set_message(outcome_->message);
  client_->send(message);
}

}  // namespace usine::shepherd
