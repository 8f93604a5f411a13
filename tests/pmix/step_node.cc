#include "tests/pmix/step_node.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

#include "agent/shepherd/pmix_environment.h"

namespace usine::test {
namespace {

using shepherd::PmixServer;

constexpr std::chrono::seconds kNodeTimeMax{120};

// A message between the two nodes.
struct Frame {
  enum Kind : std::uint32_t { kFence, kModexQuestion, kModexAnswer };
  std::uint32_t kind = kFence;
  std::uint32_t rank = 0;
  std::string data;
};

class Link {
 public:
  explicit Link(int socket) : socket_(socket) {}

  [[nodiscard]] bool send(const Frame& frame) const {
    const std::uint32_t head[3] = {frame.kind, frame.rank,
                                   static_cast<std::uint32_t>(frame.data.size())};
    return write_all(head, sizeof(head)) && write_all(frame.data.data(), frame.data.size());
  }
  // Blocks: a frame that has begun to arrive arrives whole.
  [[nodiscard]] std::optional<Frame> receive() const {
    std::uint32_t head[3] = {};
    if (!read_all(head, sizeof(head))) return std::nullopt;
    Frame frame{head[0], head[1], std::string(head[2], '\0')};
    if (!read_all(frame.data.data(), frame.data.size())) return std::nullopt;
    return frame;
  }
  [[nodiscard]] int socket() const { return socket_; }
  void close() { socket_ = -1; }

 private:
  bool write_all(const void* bytes, std::size_t size) const {
    return ::send(socket_, bytes, size, MSG_NOSIGNAL) == static_cast<ssize_t>(size);
  }
  bool read_all(void* bytes, std::size_t size) const {
    return size == 0 || recv(socket_, bytes, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }

  int socket_;
};

class StepNode {
 public:
  explicit StepNode(const NodePlan& plan) : plan_(plan), link_(plan.peer) {}

  NodeEnd run() {
    const std::size_t descriptors_before = open_descriptors();
    const NodeEnd end = run_step();
    server_.reset();
    for (const auto& [pidfd, pid] : ranks_) close(pidfd);
    if (end == NodeEnd::kRanksSucceeded && open_descriptors() != descriptors_before) {
      return NodeEnd::kLeftovers;
    }
    return end;
  }

 private:
  static std::size_t open_descriptors() {
    const std::filesystem::directory_iterator begin("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin, std::filesystem::directory_iterator{}));
  }

  NodeEnd run_step() {
    const shepherd::PmixStep& step = plan_.step;
    auto server = PmixServer::open({.folder = plan_.folder.string(),
                                    .host_name = step.nodes[step.this_node].name,
                                    .nspace = "server-" + std::to_string(step.this_node)});
    if (!server) return server_failed(server.error());
    server_ = std::move(*server);
    if (const Status added = server_->add_step(step); !added) return server_failed(added.error());
    for (const std::uint32_t rank : step.nodes[step.this_node].ranks) {
      if (!start_rank(rank)) return NodeEnd::kServerFailed;
    }
    const NodeEnd end = serve();
    server_->remove_step(step.nspace);
    return end;
  }

  static NodeEnd server_failed(const Error& error) {
    std::fprintf(stderr, "node: %s\n", error.message.c_str());
    return NodeEnd::kServerFailed;
  }

  bool start_rank(std::uint32_t rank) {
    const auto environment = server_->environment(plan_.step.nspace, rank, environment_of(rank));
    if (!environment) return false;
    std::vector<char*> variables = pointers(*environment);
    std::vector<std::string> words = plan_.arguments;
    words.insert(words.begin(), plan_.program);
    std::vector<char*> arguments = pointers(words);
    const std::string output = plan_.folder / ("out." + std::to_string(rank));

    const pid_t pid = fork();
    if (pid == 0) {
      const int file = open(output.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      close_range(3, ~0U, 0);
      if (setgid(plan_.step.gid) != 0 || setuid(plan_.step.uid) != 0) _exit(126);
      execve(plan_.program.c_str(), arguments.data(), variables.data());
      _exit(127);
    }
    const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    ranks_.emplace(pidfd, pid);
    return pid > 0 && pidfd >= 0;
  }

  std::vector<std::string> environment_of(std::uint32_t rank) const {
    const auto& nodes = plan_.step.nodes;
    const auto& here = nodes[plan_.step.this_node].ranks;
    std::uint32_t world_size = 0;
    for (const auto& node : nodes) world_size += static_cast<std::uint32_t>(node.ranks.size());
    const auto local = static_cast<std::uint32_t>(std::ranges::find(here, rank) - here.begin());
    std::vector<std::string> environment = shepherd::open_mpi_environment(
        {rank, world_size, local, static_cast<std::uint32_t>(here.size())},
        {.oversubscribed = true, .shared_memory_folder = plan_.folder, .network = "lo"});
    environment.push_back("TMPDIR=" + plan_.folder.string());
    environment.insert(environment.end(), plan_.environment.begin(), plan_.environment.end());
    return environment;
  }

  static std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> array;
    for (const std::string& word : words) array.push_back(const_cast<char*>(word.c_str()));
    array.push_back(nullptr);
    return array;
  }

  NodeEnd serve() {
    const auto deadline = std::chrono::steady_clock::now() + kNodeTimeMax;
    while (!ranks_.empty()) {
      std::vector<pollfd> watched = {{server_->event_descriptor(), POLLIN, 0},
                                     {link_.socket(), POLLIN, 0}};
      for (const auto& [pidfd, pid] : ranks_) watched.push_back({pidfd, POLLIN, 0});
      poll(watched.data(), watched.size(), 1000);
      if (std::chrono::steady_clock::now() > deadline) end_ = NodeEnd::kTimedOut;
      while (auto event = server_->take_event()) handle(*event);
      if (watched[1].revents != 0) receive_frame();
      for (std::size_t i = 2; i < watched.size(); ++i) {
        if (watched[i].revents != 0) reap(watched[i].fd);
      }
      if (end_ == NodeEnd::kTimedOut || end_ == NodeEnd::kRankAborted) kill_ranks();
    }
    return end_;
  }

  void handle(shepherd::PmixEvent& event) {
    if (auto* fence = std::get_if<shepherd::PmixFence>(&event)) {
      if (!link_.send({Frame::kFence, 0, fence->data})) end_ = NodeEnd::kServerFailed;
      own_fences_.emplace_back(fence->id, std::move(fence->data));
      join_fences();
    } else if (auto* modex = std::get_if<shepherd::PmixModex>(&event)) {
      modexes_.emplace(modex->rank, modex->id);
      if (!link_.send({Frame::kModexQuestion, modex->rank, ""})) end_ = NodeEnd::kServerFailed;
    } else if (auto* local = std::get_if<shepherd::PmixLocalModex>(&event)) {
      const auto rank = static_cast<std::uint32_t>(local->token);
      const bool sent = link_.send({Frame::kModexAnswer, rank, local->data.value_or("")});
      if (!sent) end_ = NodeEnd::kServerFailed;
    } else if (auto* abort = std::get_if<shepherd::PmixAbort>(&event)) {
      if (abort->status == 7 && abort->rank == 1) end_ = NodeEnd::kRankAborted;
    }
  }

  void receive_frame() {
    const std::optional<Frame> frame = link_.receive();
    if (!frame) {
      link_.close();  // the other node has ended
      return;
    }
    if (frame->kind == Frame::kFence) {
      peer_fences_.push_back(frame->data);
      join_fences();
    } else if (frame->kind == Frame::kModexQuestion) {
      const Status asked =
          server_->request_local_modex(plan_.step.nspace, frame->rank, frame->rank);
      if (!asked) end_ = NodeEnd::kServerFailed;
    } else {
      const auto [begin, end] = modexes_.equal_range(frame->rank);
      for (auto open = begin; open != end; ++open) server_->answer(open->second, frame->data);
      modexes_.erase(begin, end);
    }
  }

  // Fences come in the same order on both nodes, since a step has one at a time.
  void join_fences() {
    while (!own_fences_.empty() && !peer_fences_.empty()) {
      const auto& [id, own] = own_fences_.front();
      const std::string& peer = peer_fences_.front();
      server_->answer(id, plan_.step.this_node == 0 ? own + peer : peer + own);
      own_fences_.erase(own_fences_.begin());
      peer_fences_.erase(peer_fences_.begin());
    }
  }

  void reap(int pidfd) {
    int status = 0;
    waitpid(ranks_.at(pidfd), &status, 0);
    close(pidfd);
    ranks_.erase(pidfd);
    const bool succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!succeeded && end_ == NodeEnd::kRanksSucceeded) end_ = NodeEnd::kRankFailed;
  }

  void kill_ranks() {
    for (const auto& [pidfd, pid] : ranks_) kill(pid, SIGKILL);
  }

  const NodePlan& plan_;
  Link link_;
  std::unique_ptr<PmixServer> server_;
  std::map<int, pid_t> ranks_;  // by pidfd
  std::vector<std::pair<std::uint64_t, std::string>> own_fences_;
  std::vector<std::string> peer_fences_;
  std::multimap<std::uint32_t, std::uint64_t> modexes_;  // rank asked for, question's id
  NodeEnd end_ = NodeEnd::kRanksSucceeded;
};

}  // namespace

pid_t start_node(const NodePlan& plan) {
  const pid_t pid = fork();
  if (pid == 0) {
    // Not exit(): what the test program has registered for its end is not this process's.
    _exit(static_cast<int>(StepNode(plan).run()));
  }
  return pid;
}

NodeEnd wait_for_node(pid_t node) {
  int status = 0;
  if (waitpid(node, &status, 0) != node || !WIFEXITED(status)) return NodeEnd::kServerFailed;
  return static_cast<NodeEnd>(WEXITSTATUS(status));
}

}  // namespace usine::test
