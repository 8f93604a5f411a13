#include "agent/shepherd/shepherd.h"

#include <csignal>
#include <cstdio>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

#include "common/os/files.h"
#include "common/os/os_error.h"
#include "common/os/processes.h"
#include "common/os/sockets.h"
#include "model/request.h"
#include "model/signal_request.h"

namespace usine::shepherd {
namespace {

constexpr mode_t kSocketMode = 0600;
// Connections over TCP that have not shown the job's key yet: so many, for so long.
constexpr std::size_t kStrangersMax = 256;
constexpr Millis kGreetingTime{10'000};
// A greeting is a key and a number; whoever announces more is no shepherd of ours.
constexpr std::size_t kGreetingBytesMax = 1024;
// Connections on this node, clients of steps and those who only look on: so many of the job's user,
// so that descriptors are left for what runs, and more for the agent.
constexpr std::size_t kLocalsMax = 128;
constexpr std::size_t kControllersMax = 2 * kLocalsMax;
// What the job's user may say at once here: a command with its environment and its arguments.
constexpr std::size_t kLocalBytesMax = kEnvironmentBytesMax + (2u << 20);
// Connections over TCP that have shown the job's key: a line for each step that runs here, and
// clients from elsewhere.
constexpr std::size_t kGuestsMax = 512;
// After a connection could not be taken up, for want of descriptors say.
constexpr Millis kAcceptPause{1000};
// The client of an interactive job has this long to read what is left for it.
constexpr Millis kLastReadTime{10'000};
// A record that the disk does not take is written again after a second, for ten minutes.
constexpr Millis kRecordPause{1000};
constexpr int kRecordTriesMax = 600;

proto::ShepherdMessage message_of(const proto::EndRecord& record) {
  proto::ShepherdMessage message;
  *message.mutable_ended() = record;
  return message;
}

// Whether two secrets are the same, in a time that does not depend on where they differ.
bool same_secret(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

Shepherd::Shepherd(JobSpec spec, os::PollLoop loop, Children children)
    : spec_(std::move(spec)),
      loop_(std::move(loop)),
      group_(spec_.containment.holders, spec_.containment.group),
      children_(std::move(children)),
      job_(spec_, loop_, children_),
      steps_({spec_, loop_, children_, folders_}, job_),
      holder_(spec_, job_) {}

Shepherd::~Shepherd() = default;

Status Shepherd::stand_ready(os::UniqueFd agent) {
  children_.attach(loop_, group_, [this] { job_.children_gone(); });
  Status ready = folders_.make(spec_.launch);
  if (ready) ready = make_group();
  if (ready) ready = listen();
  if (ready) ready = announce();
  if (!ready) {
    job_.finish({.cause = EndCause::kNodeFault,
                 .message = ready.error().message + " on " + spec_.launch.node().name});
  }
  if (agent) add_connection(std::move(agent), Role::kController);
  return {};
}

Status Shepherd::make_group() {
  std::vector<std::string> lacking = group_.make(spec_.containment.limits);
  if (spec_.containment.private_folders != contain::PrivateFolders::kNone) {
    auto mounts = contain::make_private_folders({.job_folder = spec_.launch.folder,
                                                 .temporary = spec_.launch.temporary,
                                                 .kind = spec_.containment.private_folders,
                                                 .memory_mib = spec_.launch.node().memory_mib,
                                                 .uid = spec_.launch.uid,
                                                 .gid = spec_.launch.gid});
    if (!mounts) {
      lacking.push_back("private folders: " + mounts.error().message);
    } else {
      group_.use_mounts(*std::move(mounts));
      folders_.use_private_memory();
    }
  }
  for (const std::string& what : lacking) {
    std::fprintf(stderr, "event=not_contained what=\"%s\"\n", what.c_str());
  }
  if (lacking.empty() || !spec_.containment.required) return {};
  return fail(ErrorCode::kUnavailable, "the job cannot be contained: " + lacking.front());
}

Status Shepherd::listen() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_) return fail(os::os_error("making a signalfd"));
  loop_.watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { take_signal(); });

  const std::string path = spec_.launch.folder + "/shepherd.sock";
  auto local = os::listen_unix(path, kSocketMode);
  if (!local) return fail(local.error());
  unix_listener_ = std::move(*local);
  if (const Status given = give_to_user(path, spec_.launch); !given) return given;
  auto remote = os::listen_tcp({spec_.listen_host, 0});
  if (!remote) return fail(remote.error());
  tcp_listener_ = std::move(*remote);
  loop_.watch(unix_listener_.get(), EPOLLIN,
              [this](std::uint32_t) { accept_from(unix_listener_.get(), Role::kLocal); });
  loop_.watch(tcp_listener_.get(), EPOLLIN,
              [this](std::uint32_t) { accept_from(tcp_listener_.get(), Role::kStranger); });
  return {};
}

Status Shepherd::announce() {
  const auto endpoint = os::local_endpoint(tcp_listener_.get());
  if (!endpoint) return fail(endpoint.error());
  const auto ticks = os::start_ticks_of(::getpid());
  if (!ticks) return fail(ticks.error());
  ready_.set_address(os::to_string({spec_.listen_host, endpoint->port}));
  ready_.set_pid(::getpid());
  ready_.set_start_ticks(*ticks);
  return os::replace_file(spec_.launch.folder + "/ready", ready_.SerializeAsString());
}

void Shepherd::accept_from(int listener, Role role) {
  while (true) {
    auto fd = os::accept_next(listener);
    if (!fd) {
      std::fprintf(stderr, "event=accept_failed error=\"%s\"\n", fd.error().message.c_str());
      loop_.change(listener, 0);
      loop_.after(kAcceptPause, [this, listener] { loop_.change(listener, EPOLLIN); });
      return;
    }
    if (!*fd) return;
    if (role == Role::kLocal) {
      accept_local(std::move(*fd));
    } else if (strangers_.size() < kStrangersMax) {
      add_connection(std::move(*fd), role);
    }
  }
}

void Shepherd::accept_local(os::UniqueFd fd) {
  const auto uid = os::peer_uid(fd.get());
  const bool controls = uid && (*uid == 0 || *uid == ::geteuid());
  if (!controls && (!uid || *uid != spec_.launch.uid)) return;
  std::erase_if(locals_, [](const auto& local) { return local.expired(); });
  if (locals_.size() >= (controls ? kControllersMax : kLocalsMax)) {
    proto::ShepherdMessage refusal;
    refusal.mutable_refused()->set_message(
        "the job's shepherd has " + std::to_string(locals_.size()) +
        " connections on this node already: wait for some of the job's steps to end");
    // A new socket takes this at once.
    static_cast<void>(os::FrameSocket(std::move(fd)).send(refusal.SerializeAsString()));
    return;
  }
  locals_.push_back(add_connection(std::move(fd), controls ? Role::kController : Role::kLocal));
}

ConnectionPtr Shepherd::add_connection(os::UniqueFd fd, Role role) {
  const auto connection = Connection::open(
      loop_, std::move(fd),
      {.message = [this, role](const ConnectionPtr& from,
                               proto::ShepherdMessage& message) { handle(from, role, message); },
       .closed = [this](const ConnectionPtr& from, const std::string&) { drop(from); },
       .drained = {}});
  if (role == Role::kStranger) {
    connection->bound_received(kGreetingBytesMax);
    strangers_.insert(connection);
    loop_.after(kGreetingTime, [this, weak = std::weak_ptr(connection)] {
      if (const auto late = weak.lock()) strangers_.erase(late);
    });
    return connection;
  }
  if (role == Role::kLocal) connection->bound_received(kLocalBytesMax);
  watchers_.insert(connection);
  proto::ShepherdMessage hello;
  if (job_.record()) {
    hello = message_of(*job_.record());
  } else {
    *hello.mutable_ready() = ready_;
  }
  connection->send(hello);
  return connection;
}

void Shepherd::drop(const ConnectionPtr& connection) {
  watchers_.erase(connection);
  strangers_.erase(connection);
  guests_.erase(connection);
}

void Shepherd::handle(const ConnectionPtr& connection, Role role, proto::ShepherdMessage& message) {
  if (role == Role::kStranger && strangers_.contains(connection)) {
    return handle_stranger(connection, message);
  }
  if (role == Role::kController && message.has_start_job()) {
    const auto& peers = message.start_job().peers();
    return job_.start({peers.begin(), peers.end()});
  }
  if (role == Role::kController && message.has_stop_job()) {
    return job_.stop(Millis(message.stop_job().grace_ms()));
  }
  if (role == Role::kController && message.has_signal_job()) {
    return pass_on(message.signal_job());
  }
  if (role == Role::kController && message.has_suspend_job()) {
    return job_.suspend(message.suspend_job().suspended());
  }
  if (steps_.take(connection, message) || holder_.take(connection, message)) {
    watchers_.erase(connection);
    guests_.erase(connection);
    return;
  }
  proto::ShepherdMessage refusal;
  refusal.mutable_refused()->set_message("a shepherd takes no such message here");
  connection->send(refusal);
}

void Shepherd::pass_on(const proto::SignalJob& order) {
  if (order.number() <= signals_given_) return;
  signals_given_ = order.number();
  const auto target = static_cast<SignalTarget>(order.target());
  if (target != SignalTarget::kBatch) steps_.signal_all(order.signal());
  if (target == SignalTarget::kBatch) job_.signal_batch(order.signal());
  if (target == SignalTarget::kAll) job_.signal_script(order.signal());
}

void Shepherd::handle_stranger(const ConnectionPtr& connection,
                               const proto::ShepherdMessage& message) {
  strangers_.erase(connection);
  std::erase_if(guest_lines_, [](const auto& line) { return line.expired(); });
  const bool room = guest_lines_.size() < kGuestsMax;
  if (room && message.has_greet() && same_secret(message.greet().job_key(), spec_.job_key)) {
    guests_.insert(connection);
    guest_lines_.push_back(connection);
    connection->bound_received(os::FrameSocket::kFrameBytesMax);
  } else {
    connection->close();
  }
}

void Shepherd::take_signal() {
  signalfd_siginfo ignored{};
  while (::read(signals_.get(), &ignored, sizeof(ignored)) > 0) {
  }
  job_.stop(spec_.kill_wait);
}

Status Shepherd::run() {
  while (!job_.record()) {
    if (const Status turned = loop_.turn(); !turned) return turned;
    steps_.tidy();
    holder_.tidy();
  }
  if (const Status read = let_client_read(); !read) return read;
  return conclude();
}

// An interactive job's last output is still on its way to the client when its processes have ended.
Status Shepherd::let_client_read() {
  if (!spec_.interactive) return {};
  bool late = false;
  const auto timer = loop_.after(kLastReadTime, [&late] { late = true; });
  while (steps_.has_clients() && !late) {
    if (const Status turned = loop_.turn(); !turned) return turned;
    steps_.tidy();
  }
  loop_.cancel(timer);
  return {};
}

Status Shepherd::conclude() {
  const std::string& folder = spec_.launch.folder;
  folders_.remove();
  if (!group_.remove()) std::fprintf(stderr, "event=group_left\n");
  job_.note_steps_left_out(steps_.close_log(job_.batch_entry()));
  const Status written = write_record();
  for (const ConnectionPtr& watcher : watchers_) watcher->send_last(message_of(*job_.record()));
  ::unlink((folder + "/ready").c_str());
  ::unlink((folder + "/shepherd.sock").c_str());
  return written;
}

Status Shepherd::write_record() {
  const std::string path = spec_.launch.folder + "/ended";
  const std::string bytes = job_.record()->SerializeAsString();
  Status written = os::write_file_durably(path, bytes);
  for (int tries = 1; !written && tries < kRecordTriesMax; ++tries) {
    // Without its folder nobody wants to know of the job any more.
    if (written.error().code == ErrorCode::kNotFound) break;
    bool waited = false;
    loop_.after(kRecordPause, [&waited] { waited = true; });
    while (!waited) {
      if (const Status turned = loop_.turn(); !turned) return turned;
    }
    written = os::write_file_durably(path, bytes);
  }
  return written;
}

}  // namespace usine::shepherd
