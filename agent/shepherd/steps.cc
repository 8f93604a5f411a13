#include "agent/shepherd/steps.h"

#include <csignal>
#include <string>
#include <utility>

#include "agent/core/launch_mpirun.h"
#include "common/os/sockets.h"

namespace usine::shepherd {
namespace {

// Clients that may wait: more than have room on the socket in the job's folder.
constexpr std::size_t kWaitingMax = 512;
// The client of an interactive job has this long to read its last output.
constexpr Millis kLastReadTime{10'000};

void refuse(const ConnectionPtr& client, const std::string& why) {
  proto::ShepherdMessage message;
  message.mutable_step_ended()->set_exit_code(1);
  message.mutable_step_ended()->set_message(why);
  client->send(message);
}

}  // namespace

Steps::Steps(const Tools& tools, JobRun& job)
    : spec_(tools.spec),
      loop_(tools.loop),
      job_(job),
      pmix_(tools.spec, tools.loop, tools.folders),
      cores_(tools.spec.launch.node().cores),
      gpus_(tools.spec.launch.node().gpus.size()),
      tools_{tools.spec,
             tools.loop,
             tools.children,
             pmix_,
             {cores_, gpus_},
             tools.folders,
             {tools.spec.tree_width,
              [this](std::uint32_t node, const std::string& address) {
                return connect(node, address);
              }}},
      shares_(tools.spec.launch),
      log_(tools.spec.launch.folder) {}

bool Steps::take(const ConnectionPtr& connection, proto::ShepherdMessage& message) {
  if (message.has_launch_tasks()) {
    launch(connection, *message.mutable_launch_tasks());
    return true;
  }
  if (!message.has_run_step()) return false;
  const agent::LaunchJob& job = spec_.launch;
  if (job.this_node != 0) {
    refuse(connection, "steps start on the job's first node, " + job.nodes.front().name +
                           ", not on " + job.node().name);
  } else if (job_.ending()) {
    refuse(connection, "the job is ending");
  } else if (waiting_.size() < kWaitingMax) {
    Waiting one{connection, std::move(*message.mutable_run_step())};
    if (!job_.running() || !begin(one)) wait(std::move(one));
  } else {
    refuse(connection, "too many steps of the job wait already: let some of them end first");
  }
  return true;
}

void Steps::signal_all(int signal) {
  for (const Running& one : running_) one.head->signal_all(signal);
}

// Nobody but us notices that a client which waits has gone.
void Steps::wait(Waiting one) {
  const ConnectionPtr client = one.client;
  waiting_.push_back(std::move(one));
  const auto leave = [this](const ConnectionPtr& leaver) {
    if (std::erase_if(waiting_, [&](const Waiting& other) { return other.client == leaver; }) > 0) {
      client_left_early_ = spec_.interactive && !job_.running();
    }
  };
  client->hand_over(
      {.message =
           [leave](const ConnectionPtr& from, proto::ShepherdMessage& message) {
             if (!message.has_signal_step()) return;
             refuse(from, "the step was interrupted before it started");
             leave(from);
           },
       .closed = [leave](const ConnectionPtr& from, const std::string&) { leave(from); },
       .drained = {}});
}

StepHead& Steps::add_head(const ConnectionPtr& client) {
  const std::uint32_t step = next_step_++;
  running_.push_back({std::make_unique<StepHead>(spec_, loop_, step, client), {}});
  return *running_.back().head;
}

Result<agent::StepLayout> Steps::lay_out(const proto::RunStep& run, const StepOrder& order) const {
  if (!run.node().empty()) return agent::lay_out_daemon(spec_.launch, run.node());
  return agent::lay_out_step(spec_.launch, order.request);
}

// False where the step has to wait for what others have.
bool Steps::begin(Waiting& one) {
  auto order = read_step_order(one.run);
  auto layout = order ? lay_out(one.run, *order) : fail(std::move(order.error()));
  Status sound = layout ? order->check(layout->tasks()) : fail(layout.error());
  if (sound && !one.run.overlap()) {
    auto free = shares_.find(*layout);
    if (!free && !one.run.immediate()) {
      tell_to_wait(one, *layout);
      return false;
    }
    if (!free) sound = refuse_to_wait(*layout);
    if (free) layout = *std::move(free);
  }
  const std::uint32_t step = next_step_;
  StepHead& head = add_head(one.client);
  // The batch script has the first meeting port of its own.
  const auto meeting = job_.meeting_point(step + 1);
  if (sound && !meeting) sound = fail(meeting.error());
  if (!sound) {
    head.refuse(sound.error().message);
    return true;
  }
  if (!one.run.overlap()) {
    shares_.take(*layout);
    running_.back().share = *layout;
  }
  head.start({one.run, *std::move(order), *std::move(layout), *meeting}, job_.peers(),
             tools_.lines);
  return true;
}

Status Steps::refuse_to_wait(const agent::StepLayout& layout) const {
  return fail(ErrorCode::kRefused, "the step asks for " + shares_.lacking(layout) +
                                       " now: without --immediate it waits for other steps");
}

void Steps::tell_to_wait(Waiting& one, const agent::StepLayout& layout) {
  if (std::exchange(one.told, true)) return;
  proto::ShepherdMessage message;
  message.mutable_notice()->set_text("the step waits for " + shares_.lacking(layout) +
                                     ", until others of the job end; --overlap would share them");
  one.client->send(message);
}

void Steps::start_waiting() {
  if (!job_.running() || !std::exchange(some_may_begin_, false)) return;
  for (Waiting& one : std::exchange(waiting_, {})) {
    if (!begin(one)) waiting_.push_back(std::move(one));
  }
}

void Steps::launch(const ConnectionPtr& head, proto::LaunchTasks& launch) {
  own_lines_.erase(head);
  if (job_.ending()) return head->close();
  tasks_.push_back(std::make_unique<StepTasks>(tools_, head, std::move(launch)));
  tasks_.back()->start();
}

Result<ConnectionPtr> Steps::connect(std::uint32_t job_node, const std::string& address) {
  if (job_node >= spec_.launch.nodes.size()) {
    return fail(ErrorCode::kInvalid, "the job has no node " + std::to_string(job_node));
  }
  const std::string where = "reaching the shepherd of " + spec_.launch.nodes[job_node].name;
  if (job_node == spec_.launch.this_node) return connect_to_self();
  const auto endpoint = os::parse_endpoint(address);
  if (!endpoint) return fail(endpoint.error().within(where));
  auto fd = os::start_connect_tcp(*endpoint);
  if (!fd) return fail(fd.error().within(where));
  auto connection = Connection::open(loop_, std::move(*fd), {});
  proto::ShepherdMessage greeting;
  greeting.mutable_greet()->set_job_key(spec_.job_key);
  greeting.mutable_greet()->set_from_node(spec_.launch.this_node);
  connection->send(greeting);
  return connection;
}

// The head's own node is one like the others: it hears of the step over a line too.
Result<ConnectionPtr> Steps::connect_to_self() {
  auto pair = os::socket_pair();
  if (!pair) return fail(pair.error());
  own_lines_.insert(Connection::open(
      loop_, std::move(pair->second),
      {.message = [this](
                      const ConnectionPtr& line,
                      proto::ShepherdMessage& message) { static_cast<void>(take(line, message)); },
       .closed = [this](const ConnectionPtr& line, const std::string&) { own_lines_.erase(line); },
       .drained = {}}));
  return Connection::open(loop_, std::move(pair->first), {});
}

void Steps::end_interactive_job() {
  if (job_.held()) return;
  if (client_left_early_ && job_.running() && running_.empty()) {
    return job_.finish(
        {.signal = SIGHUP, .message = "the job's client left before it was started"});
  }
  if (!spec_.interactive || running_.empty() || !running_.front().head->outcome()) return;
  const StepHead& head = *running_.front().head;
  ExitStatus exit;
  exit.exit_code = head.outcome()->exit_code;
  exit.message = head.outcome()->message;
  if (head.finished()) return job_.finish(std::move(exit));
  if (std::exchange(interactive_end_set_, true)) return;
  loop_.after(kLastReadTime, [this, exit] { job_.finish(exit); });
}

void Steps::note_ended(bool job_ends) {
  for (const Running& one : running_) {
    if (const auto entry = one.head->take_account(job_ends)) log_.add(*entry);
  }
}

std::uint64_t Steps::close_log(const std::optional<proto::StepEntry>& batch) {
  note_ended(true);
  if (batch) log_.add(*batch);
  return log_.left_out();
}

// What a step held is free once its tasks have ended, also where its client still reads.
void Steps::end_over() {
  for (Running& one : running_) {
    if (!one.head->outcome() || !one.share) continue;
    shares_.give_back(*one.share);
    one.share.reset();
    some_may_begin_ = true;
  }
}

void Steps::tidy() {
  end_over();
  start_waiting();
  for (const Running& one : running_) {
    const std::string& shortage = one.head->memory_shortage();
    if (!shortage.empty()) job_.note_memory_shortage(shortage);
  }
  end_interactive_job();
  note_ended(false);
  std::erase_if(running_, [](const Running& one) { return one.head->finished(); });
  std::erase_if(tasks_, [](const auto& tasks) { return tasks->finished(); });
}

}  // namespace usine::shepherd
