#include "agent/daemon/shepherds.h"

#include <algorithm>
#include <signal.h>
#include <sys/epoll.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/contain/job_group.h"
#include "agent/contain/spec_holders.h"
#include "agent/daemon/found_scripts.h"
#include "agent/daemon/shepherd_process.h"
#include "common/os/files.h"
#include "common/os/processes.h"
#include "common/os/sockets.h"

namespace usine::agent {
namespace {

// How often a shepherd that an earlier agent started, and that is still getting ready, is looked
// at: it has no connection to us yet.
constexpr Millis kLookEvery{20};
// How often one that lives and does not take our connection is tried: descriptors may be short.
constexpr Millis kConnectEvery{200};
// Between tries to remove the groups of a dead shepherd, and how often.
constexpr Millis kGroupPause{200};
constexpr int kGroupTriesMax = 3000;
constexpr std::uint64_t kSpareDescriptors = 16;

// What a shepherd that never got ready said last; its folder will be gone when somebody looks.
std::string last_line(const std::string& log_file) {
  constexpr std::size_t kLineBytesMax = 300;
  const Result<std::string> log = os::read_file(log_file);
  if (!log || log->empty()) return "it said nothing";
  const std::size_t end = log->find_last_not_of('\n');
  if (end == std::string::npos) return "it said nothing";
  const std::size_t before = log->find_last_of('\n', end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return log->substr(begin, std::min(end + 1 - begin, kLineBytesMax));
}

}  // namespace

Shepherds::Shepherds(Options options, JobFolders folders, os::PollLoop& loop, Report report)
    : options_(std::move(options)),
      folders_(std::move(folders)),
      loop_(loop),
      report_(std::move(report)) {}

// ---- after a restart --------------------------------------------------------------------------

std::vector<FoundAttempt> Shepherds::find() {
  std::vector<FoundAttempt> found;
  for (const AttemptKey key : folders_.list()) {
    if (auto one = find_one(key)) {
      found.push_back(*std::move(one));
    } else {
      folders_.remove(key);
    }
  }
  end_leftover_groups();
  return found;
}

void Shepherds::end_leftover_groups() const {
  const Containment& containment = options_.node.containment;
  for (const AttemptKey key : contain::groups_left(containment.holders, containment.prefix)) {
    if (shepherds_.contains(key)) continue;
    spdlog::warn("event=group_left job={} attempt={}", key.job.value, key.attempt.value);
    end_group(containment.holders, contain::group_name(containment.prefix, key), kGroupTriesMax);
  }
}

std::optional<FoundAttempt> Shepherds::find_one(AttemptKey key) {
  Shepherd shepherd;
  // In this order: a shepherd writes its end before it takes `ready` away.
  const auto ready = folders_.ready(key);
  FoundAttempt found{key, {}, folders_.ended(key)};
  if (!found.ended && ready) {
    found.address = ready->address();
    remember(shepherd, *ready);
    const bool connected = connect(key, shepherd);
    if (!connected && lives(shepherd)) {
      shepherd.timer = loop_.after(kConnectEvery, [this, key] { connect_again(key); });
    } else if (!connected) {
      // It may have ended between the two looks; else it is dead.
      found.ended = folders_.ended(key);
      if (!found.ended) found.ended = lose(key, "its shepherd died while the agent was away");
    }
  } else if (!found.ended) {
    if (!find_shepherd(folders_.path(key))) {
      return found_without_shepherd(folders_, key, options_.epilog);
    }
    shepherd.give_up_at = std::chrono::steady_clock::now() + options_.ready_within;
    shepherd.timer = loop_.after(kLookEvery, [this, key] { look_for_ready(key); });
  }
  shepherd.ended = found.ended.has_value();
  shepherds_[key] = std::move(shepherd);
  add_epilog(folders_, options_.epilog, found);
  return found;
}

bool Shepherds::connect(AttemptKey key, Shepherd& shepherd) {
  Result<os::UniqueFd> socket = os::connect_unix(folders_.socket(key));
  if (!socket) return false;
  // Some are left to look at files with, by which a shepherd is told from a dead one.
  if (os::descriptors_max() < static_cast<std::uint64_t>(socket->get()) + kSpareDescriptors) {
    return false;
  }
  adopt(key, shepherd, *std::move(socket));
  for (const auto& [kind, bytes] : std::exchange(shepherd.untold, {})) send(key, shepherd, bytes);
  return true;
}

void Shepherds::look_for_ready(AttemptKey key) {
  Shepherd& shepherd = shepherds_.at(key);
  shepherd.timer = 0;
  const auto ready = folders_.ready(key);
  if (ready && connect(key, shepherd)) return report_ready(key, shepherd, *ready);
  shepherd.record = folders_.ended(key);
  const auto process = find_shepherd(folders_.path(key));
  if (shepherd.record || !process) return report_failed(key, shepherd);
  if (!ready && std::chrono::steady_clock::now() >= shepherd.give_up_at) {
    shepherd.pid = *process;
    return give_up(key);
  }
  shepherd.timer = loop_.after(kLookEvery, [this, key] { look_for_ready(key); });
}

void Shepherds::connect_again(AttemptKey key) {
  Shepherd& shepherd = shepherds_.at(key);
  shepherd.timer = 0;
  if (!connect(key, shepherd)) on_gone(key, shepherd);
}

// A shepherd that was killed can neither end its processes nor say what became of them.
Ended Shepherds::lose(AttemptKey key, std::string message) const {
  end_processes(key);
  return {key, {EndCause::kLost, 0, 0, std::move(message)}, {}, 0};
}

void Shepherds::end_processes(AttemptKey key) const {
  if (const auto spec = folders_.spec(key); spec && spec->has_containment()) {
    const proto::SpecContainment& containment = spec->containment();
    end_group(contain::holders_in(containment), containment.group(), kGroupTriesMax);
  }
  end_strays(folders_.path(key));
}

// Tried again where what was killed is not gone at once.
void Shepherds::end_group(const contain::Holders& holders, const std::string& name,
                          int tries) const {
  if (contain::end_group(holders, name)) return;
  if (tries == 0) return spdlog::error("event=group_stays name={}", name);
  loop_.after(kGroupPause, [this, holders, name, tries] { end_group(holders, name, tries - 1); });
}

// ---- commands ---------------------------------------------------------------------------------

Status Shepherds::make_folder(const Prepare& prepare) const {
  return folders_.create(prepare.key, job_spec(prepare, options_.node));
}

void Shepherds::spawn(AttemptKey key) {
  const auto refuse = [&](const std::string& why) {
    report_(ShepherdReady{key, false, true, why, {}});
  };
  auto ends = os::socket_pair();
  if (!ends) return refuse(ends.error().message);
  const ShepherdCommand command{options_.program, folders_.path(key), folders_.log(key)};
  const Result<pid_t> pid = start_shepherd(command, std::move(ends->second));
  if (!pid) return refuse(pid.error().message);
  Shepherd& shepherd = shepherds_[key];
  shepherd = {};
  shepherd.pid = *pid;
  shepherd.timer = loop_.after(options_.ready_within, [this, key] { give_up(key); });
  adopt(key, shepherd, std::move(ends->first));
}

void Shepherds::start(AttemptKey key, const std::vector<std::string>& peers) {
  proto::ShepherdMessage message;
  for (const std::string& peer : peers) message.mutable_start_job()->add_peers(peer);
  tell(key, message);
}

void Shepherds::stop(AttemptKey key, Millis grace) {
  proto::ShepherdMessage message;
  message.mutable_stop_job()->set_grace_ms(grace.count());
  tell(key, message);
}

void Shepherds::signal(AttemptKey key, std::uint32_t number, const SignalRequest& what) {
  proto::ShepherdMessage message;
  message.mutable_signal_job()->set_number(number);
  message.mutable_signal_job()->set_signal(what.signal);
  message.mutable_signal_job()->set_target(static_cast<std::uint32_t>(what.target));
  tell(key, message);
}

void Shepherds::suspend(AttemptKey key, bool suspended) {
  proto::ShepherdMessage message;
  message.mutable_suspend_job()->set_suspended(suspended);
  tell(key, message);
}

void Shepherds::remove(AttemptKey key) {
  if (const auto found = shepherds_.find(key); found != shepherds_.end()) {
    close(found->second);
    loop_.cancel(found->second.timer);
    shepherds_.erase(found);
  }
  folders_.remove(key);
}

void Shepherds::tell(AttemptKey key, const proto::ShepherdMessage& message) {
  const auto found = shepherds_.find(key);
  if (found == shepherds_.end() || found->second.ended) return;
  Shepherd& shepherd = found->second;
  const std::string bytes = message.SerializeAsString();
  if (!shepherd.socket) {
    shepherd.untold[message.message_case()] = bytes;
  } else {
    send(key, shepherd, bytes);
  }
}

void Shepherds::send(AttemptKey key, Shepherd& shepherd, const std::string& bytes) {
  os::FrameSocket& socket = *shepherd.socket;
  if (const Status sent = socket.send(bytes); !sent) {
    spdlog::warn("event=shepherd_deaf job={} attempt={} error=\"{}\"", key.job.value,
                 key.attempt.value, sent.error().message);
  } else if (socket.unsent_bytes() > 0) {
    loop_.change(socket.fd(), EPOLLIN | EPOLLOUT);
  }
}

// ---- what shepherds say -----------------------------------------------------------------------

void Shepherds::adopt(AttemptKey key, Shepherd& shepherd, os::UniqueFd socket) {
  shepherd.socket.emplace(std::move(socket));
  loop_.watch(shepherd.socket->fd(), EPOLLIN,
              [this, key](std::uint32_t events) { on_socket(key, events); });
}

void Shepherds::on_socket(AttemptKey key, std::uint32_t events) {
  Shepherd& shepherd = shepherds_.at(key);
  os::FrameSocket& socket = *shepherd.socket;
  bool open = true;
  if ((events & EPOLLOUT) != 0) {
    open = socket.flush().has_value();
    if (open && socket.unsent_bytes() == 0) loop_.change(socket.fd(), EPOLLIN);
  }
  open = open && socket.fill().value_or(false);
  while (true) {
    const auto frame = socket.next();
    proto::ShepherdMessage message;
    if (!frame || (*frame && !message.ParseFromString(**frame))) open = false;
    if (!frame || !*frame) break;
    on_message(key, shepherd, message);
  }
  if (!open) on_gone(key, shepherd);
}

void Shepherds::on_message(AttemptKey key, Shepherd& shepherd,
                           const proto::ShepherdMessage& message) {
  if (message.has_ready() && !shepherd.ready) report_ready(key, shepherd, message.ready());
  if (message.has_ended()) shepherd.record = ended_report(message.ended());
}

// The end counts once the shepherd itself is gone: until then it works in the job's folder, which
// the answer to the end may remove.
void Shepherds::on_gone(AttemptKey key, Shepherd& shepherd) {
  close(shepherd);
  if (shepherd.ended) return;
  if (!shepherd.record) shepherd.record = folders_.ended(key);
  if (!shepherd.ready) return report_failed(key, shepherd);
  if (!shepherd.record && lives(shepherd)) {
    shepherd.timer = loop_.after(kConnectEvery, [this, key] { connect_again(key); });
    return;
  }
  shepherd.ended = true;
  if (!shepherd.record) shepherd.record = lose(key, "its shepherd died");
  report_(ShepherdEnded{*shepherd.record});
}

bool Shepherds::lives(const Shepherd& shepherd) {
  const auto ticks = os::start_ticks_of(shepherd.process);
  return ticks && *ticks == shepherd.start_ticks;
}

void Shepherds::remember(Shepherd& shepherd, const proto::ShepherdReady& ready) {
  shepherd.ready = true;
  shepherd.process = ready.pid();
  shepherd.start_ticks = ready.start_ticks();
}

void Shepherds::report_ready(AttemptKey key, Shepherd& shepherd,
                             const proto::ShepherdReady& ready) {
  remember(shepherd, ready);
  loop_.cancel(std::exchange(shepherd.timer, 0));
  report_(ShepherdReady{key, true, false, {}, ready.address()});
}

void Shepherds::report_failed(AttemptKey key, Shepherd& shepherd) {
  const std::optional<Ended>& record = shepherd.record;
  shepherd.ended = true;
  loop_.cancel(std::exchange(shepherd.timer, 0));
  const bool node_fault = !record || record->exit.cause == EndCause::kNodeFault;
  const std::string message =
      record ? record->exit.message
             : "the job's shepherd ended before it was ready: " + last_line(folders_.log(key));
  report_(ShepherdReady{key, false, node_fault, message, {}});
}

void Shepherds::close(Shepherd& shepherd) {
  if (!shepherd.socket) return;
  loop_.forget(shepherd.socket->fd());
  shepherd.socket.reset();
}

// ---- processes and time -----------------------------------------------------------------------

void Shepherds::reaped(pid_t pid) {
  for (auto& [key, shepherd] : shepherds_) {
    if (shepherd.pid == pid) shepherd.pid = -1;
  }
}

void Shepherds::give_up(AttemptKey key) {
  Shepherd& shepherd = shepherds_.at(key);
  shepherd.timer = 0;
  spdlog::error("event=shepherd_hangs job={} attempt={}", key.job.value, key.attempt.value);
  if (shepherd.pid > 0) ::kill(shepherd.pid, SIGKILL);
  end_processes(key);
  report_failed(key, shepherd);
}

}  // namespace usine::agent
