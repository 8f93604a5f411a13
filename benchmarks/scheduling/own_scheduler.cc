#include "benchmarks/scheduling/own_scheduler.h"

#include <atomic>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <optional>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "common/os/files.h"
#include "config/up_cluster.h"

extern char** environ;

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kStartLimit{20};
constexpr std::size_t kEnvironmentBytes = 4096;

std::string own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

Result<std::filesystem::path> make_folder() {
  std::string pattern = std::filesystem::temp_directory_path() / "usine-bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return fail(ErrorCode::kIo, "no folder " + pattern);
  return pattern;
}

// On the address of its configuration, or on another one.
Result<pid_t> spawn_scheduler(const std::filesystem::path& folder, const std::string& address) {
  std::string program = own_folder() + "/usine-scheduler";
  std::string state = "--state=" + folder.string();
  std::string config = "--config=" + (folder / "cluster.yaml").string();
  std::string listen = "--listen=" + address;
  char* const argv[] = {program.data(), state.data(), config.data(),
                        address.empty() ? nullptr : listen.data(), nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = folder / "scheduler.log";
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, log.c_str(), O_WRONLY | O_CREAT, 0600);
  pid_t pid = -1;
  const int failure = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) return fail(ErrorCode::kUnavailable, "cannot start " + program);
  return pid;
}

// What the clients of submit_many() share.
struct Submissions {
  std::atomic<std::int64_t> left;
  std::mutex mutex;  // guards what follows
  std::vector<double> latency_ms;
  std::optional<Error> error;
};

void submit_some(cli::Client& client, Submissions& shared) {
  const proto::SubmitRequest request = typical_submission();
  std::vector<double> latency_ms;
  while (shared.left.fetch_sub(1) > 0) {
    const auto begin = steady_clock::now();
    const auto reply = client.submit(request);
    if (!reply) {
      shared.left = 0;
      const std::lock_guard lock(shared.mutex);
      shared.error = reply.error();
      return;
    }
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - begin;
    latency_ms.push_back(took.count());
  }
  const std::lock_guard lock(shared.mutex);
  shared.latency_ms.insert(shared.latency_ms.end(), latency_ms.begin(), latency_ms.end());
}

}  // namespace

Result<std::unique_ptr<OwnScheduler>> OwnScheduler::start(std::uint32_t nodes) {
  return start([nodes](const std::filesystem::path& folder) {
    config::UpOptions options;
    options.nodes = nodes;
    return os::write_file(folder / "cluster.yaml", config::up_cluster_yaml(options));
  });
}

Result<std::unique_ptr<OwnScheduler>> OwnScheduler::start(const Preparation& prepare) {
  const Result<std::filesystem::path> folder = make_folder();
  if (!folder) return fail(folder.error());
  std::unique_ptr<OwnScheduler> scheduler(new OwnScheduler(*folder));
  if (const Status prepared = prepare(*folder); !prepared) return fail(prepared.error());
  const Result<pid_t> pid = spawn_scheduler(*folder, {});
  if (!pid) return fail(pid.error());
  scheduler->pid_ = *pid;
  if (const Status ready = scheduler->wait_until_ready(); !ready) return fail(ready.error());
  return scheduler;
}

OwnScheduler::~OwnScheduler() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  std::error_code ignored;  // what is left lies in the system's folder for such things
  std::filesystem::remove_all(folder_, ignored);
}

void OwnScheduler::kill() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

Status OwnScheduler::revive() {
  const auto address = os::read_file(folder_ / "scheduler.address");
  if (!address) return fail(address.error());
  std::filesystem::remove(folder_ / "scheduler.address");
  const Result<pid_t> pid = spawn_scheduler(folder_, address->substr(0, address->find('\n')));
  if (!pid) return fail(pid.error());
  pid_ = *pid;
  return wait_until_ready();
}

Status OwnScheduler::wait_until_ready() const {
  const auto deadline = steady_clock::now() + kStartLimit;
  while (!std::filesystem::exists(folder_ / "scheduler.address")) {
    if (steady_clock::now() > deadline) {
      return fail(ErrorCode::kUnavailable,
                  "the scheduler did not start: " +
                      os::read_file(folder_ / "scheduler.log").value_or("it left no log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return {};
}

Result<cli::Client> OwnScheduler::connect() const {
  cli::TargetOptions options;
  options.state = folder_.string();
  return cli::connect(options);
}

std::chrono::duration<double> OwnScheduler::cpu_time() const {
  clockid_t clock{};
  timespec used{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return {};
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

double OwnScheduler::rss_mib() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

proto::SubmitRequest typical_submission() {
  proto::SubmitRequest message;
  message.set_script("#!/bin/bash\n#USINE --nodes 1 --time 60\nsrun ./train --epochs 10\n");
  std::string& environment = *message.mutable_environment();
  while (environment.size() < kEnvironmentBytes) {
    environment += "VARIABLE_" + std::to_string(environment.size()) + "=/usr/local/some/value";
    environment += '\0';
  }
  proto::JobRequest& request = *message.mutable_request();
  request.set_name("train");
  request.set_time_limit_s(3600);
  request.set_requeue(true);
  proto::Component& component = *request.add_components();
  component.set_nodes(1);
  component.set_tasks_per_node(1);
  component.set_tasks(1);
  component.set_cores_per_task(1);
  component.mutable_per_node()->set_cores(1);
  request.mutable_launch()->set_script_name("train.sh");
  request.mutable_launch()->set_working_directory("/home/user/project");
  return message;
}

Result<std::vector<double>> submit_many(const OwnScheduler& scheduler, std::int64_t clients,
                                        std::int64_t jobs) {
  Submissions shared{jobs, {}, {}, {}};
  std::vector<cli::Client> connections;
  for (std::int64_t i = 0; i < clients; ++i) {
    Result<cli::Client> client = scheduler.connect();
    if (!client) return fail(client.error());
    if (const auto reached = client->get_cluster(); !reached) return fail(reached.error());
    connections.push_back(*std::move(client));
  }
  std::vector<std::thread> threads;
  for (cli::Client& client : connections) {
    threads.emplace_back([&client, &shared] { submit_some(client, shared); });
  }
  for (std::thread& thread : threads) thread.join();
  if (shared.error) return fail(*shared.error);
  return std::move(shared.latency_ms);
}

}  // namespace usine::bench
