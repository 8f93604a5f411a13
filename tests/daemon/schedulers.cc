#include "tests/daemon/schedulers.h"

#include <csignal>
#include <cstdlib>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <utility>

#include "common/os/files.h"
#include "config/up_cluster.h"
#include "tests/support/wait.h"

extern char** environ;

namespace usine::test {
namespace {

std::string first_line(const std::string& path) {
  const Result<std::string> content = os::read_file(path);
  return content ? content->substr(0, content->find('\n')) : "";
}

}  // namespace

std::string cluster_yaml(std::uint32_t nodes) {
  config::UpOptions options;
  options.nodes = nodes;
  options.like = kMachine;
  return config::up_cluster_yaml(options);
}

InProcessScheduler::InProcessScheduler(std::uint32_t nodes) : own_(std::make_unique<TempFolder>()) {
  folder_ = own_->path().string();
  start(nodes);
}

InProcessScheduler::InProcessScheduler(const std::string& folder, std::uint32_t nodes)
    : folder_(folder) {
  start(nodes);
}

InProcessScheduler::InProcessScheduler(const std::function<void(config::ClusterFile&)>& change)
    : own_(std::make_unique<TempFolder>()) {
  folder_ = own_->path().string();
  start(2, change);
}

void InProcessScheduler::start(std::uint32_t nodes,
                               const std::function<void(config::ClusterFile&)>& change) {
  auto file = config::parse_cluster_file(cluster_yaml(nodes), folder_ + "/cluster.yaml");
  if (!file) throw std::runtime_error(discovery::to_error(file.error()).message);
  file->listen.token_file = folder_ + "/token";
  file->listen.agent_secret_file = folder_ + "/agent.secret";
  if (change) change(*file);
  Result<daemon::Opened> opened = daemon::open({*std::move(file), {folder_ + "/usine.db", {}}, {}});
  if (!opened) throw std::runtime_error(opened.error().message);
  auto failed = [](const Error& error) { throw std::runtime_error(error.message); };
  auto scheduler = daemon::Scheduler::start(*std::move(opened), "127.0.0.1:0", failed);
  if (!scheduler) throw std::runtime_error(scheduler.error().message);
  scheduler_ = *std::move(scheduler);
}

std::string InProcessScheduler::credential() const { return first_line(folder_ + "/token"); }

std::string InProcessScheduler::secret() const { return first_line(folder_ + "/agent.secret"); }

SchedulerProcess::SchedulerProcess(const TempFolder& folder)
    : SchedulerProcess(folder, Options()) {}

SchedulerProcess::SchedulerProcess(const TempFolder& folder, Options options)
    : folder_(folder.path().string()) {
  const std::string config = folder_ + "/cluster.yaml";
  if (!os::write_file(config, cluster_yaml(options.nodes))) {
    throw std::runtime_error("no " + config);
  }
  std::string command = "exec \"$0\" --state=\"$1\" --config=\"$1/cluster.yaml\" 2>> \"$1/log\"";
  if (options.file_mib_max > 0) {
    constexpr std::uint32_t kBlocksPerMib = 2048;  // a shell counts in 512 bytes
    command = "ulimit -f " + std::to_string(options.file_mib_max * kBlocksPerMib) + "; " + command;
  }
  std::string shell = "/bin/sh";
  std::string flag = "-c";
  std::string program = std::string(USINE_BIN_DIR) + "/usine-scheduler";
  char* const argv[] = {shell.data(),   flag.data(),    command.data(),
                        program.data(), folder_.data(), nullptr};
  if (::posix_spawn(&pid_, shell.c_str(), nullptr, nullptr, argv, environ) != 0) {
    throw std::runtime_error("cannot start " + shell);
  }
}

SchedulerProcess::~SchedulerProcess() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::string SchedulerProcess::address() {
  const bool serves = wait_until([this] {
    return first_line(folder_ + "/scheduler.pid") == std::to_string(pid_) &&
           !first_line(folder_ + "/scheduler.address").empty();
  });
  if (!serves) {
    throw std::runtime_error("the scheduler does not serve: " +
                             os::read_file(folder_ + "/log").value_or("no log"));
  }
  return first_line(folder_ + "/scheduler.address");
}

UserClient SchedulerProcess::user() {
  const std::string at = address();
  return {at, first_line(folder_ + "/token")};
}

void SchedulerProcess::signal(int number) const { ::kill(pid_, number); }

int SchedulerProcess::wait() {
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return status;
}

}  // namespace usine::test
