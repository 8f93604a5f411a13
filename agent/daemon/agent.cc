#include "agent/daemon/agent.h"

#include <chrono>
#include <functional>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/daemon/inventory.h"
#include "common/check.h"

namespace usine::agent {
namespace {

// What the scheduler may have sent that the loop has not taken yet; beyond it the stream waits.
constexpr std::size_t kMailboxMax = 1'024;

// Never goes back, whatever happens to the wall clock; its zero means nothing.
Time monotonic_now() {
  const auto since_boot = std::chrono::steady_clock::now().time_since_epoch();
  return Time{std::chrono::duration_cast<Millis>(since_boot)};
}

std::uint64_t seed_for(const std::string& node_name) {
  return std::hash<std::string>{}(node_name) ^ static_cast<std::uint64_t>(::getpid());
}

}  // namespace

os::UniqueFd block_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  for (const int signal : {SIGTERM, SIGINT, SIGCHLD}) ::sigaddset(&signals, signal);
  CHECK_THAT(::pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
  os::UniqueFd fd(::signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK));
  CHECK_THAT(fd);
  return fd;
}

Agent::Agent(Start start)
    : options_(std::move(start.options)),
      gpu_bus_ids_(options_.like.empty() ? bus_ids_of(*start.identity.shape)
                                         : std::vector<std::string>()),
      signals_(std::move(start.signals)),
      loop_(std::move(start.loop)),
      folders_(std::move(start.folders)),
      shepherds_({options_.shepherd,
                  {options_.node, options_.listen_host, !options_.like.empty(),
                   bus_ids_of(*start.identity.shape), std::move(start.containment),
                   options_.tree_width, start.identity.shape},
                  start.identity.scripts.epilog},
                 folders_, loop_, [this](Input input) { take_report(std::move(input)); }),
      scripts_({options_.prolog, options_.epilog}, folders_, loop_,
               [this](ScriptEnded ended) { inputs_.emplace_back(std::move(ended)); }),
      gpu_use_({}),
      core_(std::move(start.identity), shepherds_.find()),
      mailbox_(kMailboxMax),
      link_({options_.scheduler, std::move(start.proof), seed_for(options_.node)},
            [this](LinkEvent event) { mailbox_.push(std::move(event)); }) {
  loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); });
  loop_.watch(gpu_use_.fd(), EPOLLIN, [this](std::uint32_t) { gpu_use_.take(); });
  loop_.watch(mailbox_.fd(), EPOLLIN, [this](std::uint32_t) { on_link(); });
  spdlog::info("event=started node={} scheduler={} attempts={}", options_.node, options_.scheduler,
               core_.attempts());
  scripts_.end_cut_off();
  std::vector<Output> outputs;
  core_.take_up(outputs);
  perform_all(outputs);
  drain_inputs();
}

Status Agent::run() {
  Status status;
  while (status && !stopping_) {
    status = loop_.turn();
    drain_inputs();
    set_tick();
  }
  mailbox_.close();  // so that the link's thread, which may wait for room, can end
  spdlog::info("event=stopped node={}", options_.node);
  return status;
}

// A job's end comes with what its GPUs were used for.
void Agent::take_report(Input input) {
  if (auto* const ended = std::get_if<ShepherdEnded>(&input); ended && !gpu_bus_ids_.empty()) {
    const ResourceUse use = gpu_use_.end(ended->report.key);
    ended->report.use.gpu_seen = use.gpu_seen;
    ended->report.use.gpu_busy = use.gpu_busy;
    ended->report.use.gpu_memory_mib = use.gpu_memory_mib;
  }
  inputs_.push_back(std::move(input));
}

std::vector<std::string> Agent::gpus_of(AttemptKey key) const {
  std::vector<std::string> bus_ids;
  const auto spec = folders_.spec(key);
  if (!spec || static_cast<int>(spec->this_node()) >= spec->nodes_size()) return bus_ids;
  for (const std::uint32_t gpu : spec->nodes(static_cast<int>(spec->this_node())).gpus()) {
    if (gpu < gpu_bus_ids_.size()) bus_ids.push_back(gpu_bus_ids_[gpu]);
  }
  return bus_ids;
}

// What an output causes at once (a spawn that fails) comes as an input of its own.
void Agent::drain_inputs() {
  std::vector<Output> outputs;
  while (!inputs_.empty()) {
    const Input input = std::move(inputs_.front());
    inputs_.pop_front();
    outputs.clear();
    core_.handle(input, monotonic_now(), outputs);
    perform_all(outputs);
  }
}

void Agent::on_tick() {
  tick_ = 0;
  tick_at_.reset();
  std::vector<Output> outputs;
  core_.tick(monotonic_now(), outputs);
  perform_all(outputs);
}

void Agent::set_tick() {
  const std::optional<Time> next = core_.next_tick();
  if (next == tick_at_) return;
  loop_.cancel(std::exchange(tick_, 0));
  tick_at_ = next;
  if (next) tick_ = loop_.after(*next - monotonic_now(), [this] { on_tick(); });
}

void Agent::perform_all(const std::vector<Output>& outputs) {
  for (const Output& output : outputs) {
    std::visit([this](const auto& kind) { perform(kind); }, output);
  }
}

// ---- what comes in ----------------------------------------------------------------------------

void Agent::on_link() {
  for (LinkEvent& event : mailbox_.take()) {
    if (std::holds_alternative<StreamUp>(event.what)) {
      stream_ = event.stream;
      out_of_reach_logged_ = false;
      spdlog::info("event=connected scheduler={}", options_.scheduler);
      inputs_.emplace_back(Connected{});
    } else if (const auto* down = std::get_if<StreamDown>(&event.what)) {
      stream_ = 0;
      if (!std::exchange(out_of_reach_logged_, true)) {
        spdlog::warn("event=disconnected scheduler={} reason=\"{}\"", options_.scheduler,
                     down->reason);
      }
      inputs_.emplace_back(Disconnected{});
    } else {
      inputs_.emplace_back(FromScheduler{std::get<ToAgent>(std::move(event.what))});
    }
  }
}

void Agent::on_signal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGCHLD) {
      reap();
    } else {
      stopping_ = true;
    }
  }
}

void Agent::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    shepherds_.reaped(pid);
    scripts_.reaped(pid, status);
  }
}

// ---- what the core asks for -------------------------------------------------------------------

void Agent::perform(const Send& output) {
  if (const auto* ended = std::get_if<Ended>(&output.message)) {
    spdlog::info("event=ended job={} attempt={} cause={} exit_code={} signal={}",
                 ended->key.job.value, ended->key.attempt.value, to_string(ended->exit.cause),
                 ended->exit.exit_code, ended->exit.signal);
  } else if (const auto* prepared = std::get_if<Prepared>(&output.message)) {
    spdlog::info("event=prepared job={} attempt={} ok={} message=\"{}\"", prepared->key.job.value,
                 prepared->key.attempt.value, prepared->ok, prepared->message);
  }
  link_.send(stream_, with_steps(output.message));
}

// They go with the last word alone: it may be said more than once, and is rarely.
FromAgent Agent::with_steps(const FromAgent& message) const {
  const auto* const ended = std::get_if<Ended>(&message);
  if (ended == nullptr || ended->epilog.runs) return message;
  Ended whole = *ended;
  whole.steps.kept = folders_.steps(ended->key);
  return whole;
}

void Agent::perform(const SpawnShepherd& output) {
  const Status made = output.prepare ? shepherds_.make_folder(*output.prepare) : Status{};
  if (made) return shepherds_.spawn(output.key);
  inputs_.emplace_back(ShepherdReady{output.key, false, true, made.error().message, {}});
}

void Agent::perform(const RunScript& output) {
  const Status made = output.prepare ? shepherds_.make_folder(*output.prepare) : Status{};
  if (made) return scripts_.run(output.key, output.which);
  inputs_.emplace_back(ScriptEnded{
      output.key, output.which,
      std::string(to_string(output.which)) + " cannot be run: " + made.error().message});
}

void Agent::perform(const StartShepherd& output) {
  spdlog::info("event=start job={} attempt={}", output.key.job.value, output.key.attempt.value);
  shepherds_.start(output.key, output.peers);
  if (!gpu_bus_ids_.empty()) {
    gpu_use_.begin(output.key, gpus_of(output.key), folders_.path(output.key));
  }
}

void Agent::perform(const StopShepherd& output) {
  spdlog::info("event=stop job={} attempt={} grace_ms={}", output.key.job.value,
               output.key.attempt.value, output.grace.count());
  shepherds_.stop(output.key, output.grace);
}

void Agent::perform(const SignalShepherd& output) {
  shepherds_.signal(output.key, output.number, output.what);
}

void Agent::perform(const SuspendShepherd& output) {
  shepherds_.suspend(output.key, output.suspended);
}

void Agent::perform(const RemoveAttempt& output) {
  gpu_use_.end(output.key);
  shepherds_.remove(output.key);
}

void Agent::perform(const RememberCluster& output) {
  spdlog::info("event=joined cluster={} epoch={}", output.cluster_uuid, output.epoch.value);
  const Status written =
      write_membership(options_.state_folder, {output.cluster_uuid, output.epoch});
  // The node works on; what is lost is the refusal of another cluster after a restart.
  if (!written) spdlog::error("event=not_remembered error=\"{}\"", written.error().message);
}

void Agent::perform(const LeaveScheduler& output) {
  spdlog::error("event=refused_scheduler reason=\"{}\"", output.reason);
  link_.leave(stream_);
}

}  // namespace usine::agent
