#include "agent/shepherd/steps.h"

#include <csignal>
#include <string>

#include "common/os/sockets.h"

namespace usine::shepherd {
namespace {

// Clients that may wait for their job to start.
constexpr std::size_t kWaitingMax = 64;
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
      tools_{tools.spec,
             tools.loop,
             tools.children,
             pmix_,
             cores_,
             tools.folders,
             {tools.spec.tree_width, [this](std::uint32_t node, const std::string& address) {
                return connect(node, address);
              }}} {}

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
  } else if (job_.running()) {
    run(connection, message.run_step());
  } else if (waiting_.size() < kWaitingMax) {
    wait_for_start(connection, message.run_step());
  } else {
    refuse(connection, "too many steps wait for the job's start");
  }
  return true;
}

void Steps::signal_all(int signal) {
  for (const auto& head : heads_) head->signal_all(signal);
}

// Nobody but us notices that a client which waits has gone.
void Steps::wait_for_start(const ConnectionPtr& client, const proto::RunStep& run) {
  waiting_.push_back({client, run});
  const auto leave = [this](const ConnectionPtr& leaver) {
    if (std::erase_if(waiting_, [&](const Waiting& one) { return one.client == leaver; }) == 0) {
      return;
    }
    client_left_early_ = spec_.interactive;
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

void Steps::run(const ConnectionPtr& client, const proto::RunStep& run) {
  const std::uint32_t step = next_step_++;
  StepHead& head = *heads_.emplace_back(std::make_unique<StepHead>(spec_, loop_, step, client));
  // The batch script has the first meeting port of its own.
  const auto meeting = job_.meeting_point(step + 1);
  if (!meeting) return head.refuse(meeting.error().message);
  head.start(run, *meeting, job_.peers(), tools_.lines);
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
  if (client_left_early_ && job_.running() && heads_.empty()) {
    return job_.finish(
        {.signal = SIGHUP, .message = "the job's client left before it was started"});
  }
  if (!spec_.interactive || heads_.empty() || !heads_.front()->outcome()) return;
  const StepHead::Outcome& outcome = *heads_.front()->outcome();
  ExitStatus exit;
  exit.exit_code = outcome.exit_code;
  exit.message = outcome.message;
  if (heads_.front()->finished()) return job_.finish(std::move(exit));
  if (std::exchange(interactive_end_set_, true)) return;
  loop_.after(kLastReadTime, [this, exit] { job_.finish(exit); });
}

void Steps::tidy() {
  if (job_.running()) {
    for (const Waiting& waiting : std::exchange(waiting_, {})) run(waiting.client, waiting.run);
  }
  for (const auto& head : heads_) {
    if (!head->memory_shortage().empty()) job_.note_memory_shortage(head->memory_shortage());
  }
  end_interactive_job();
  std::erase_if(heads_, [](const auto& head) { return head->finished(); });
  std::erase_if(tasks_, [](const auto& tasks) { return tasks->finished(); });
}

}  // namespace usine::shepherd
