#include "benchmarks/agents/bench_cluster.h"

#include <array>
#include <cstdlib>
#include <fstream>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "cli/user.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollInterval{5};
constexpr std::chrono::seconds kStartTimeMax{120};
constexpr std::chrono::seconds kEndTimeMax{30};

// Runs a program of ours and waits for it. Its words go to standard error: standard output is for
// the report.
Status run(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(STDERR_FILENO, STDOUT_FILENO);
    execv(arguments[0], arguments.data());
    _exit(127);
  }
  int status = 0;
  if (pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0) {
    return {};
  }
  return fail(ErrorCode::kUnavailable, words[0] + ' ' + words[1] + " failed");
}

// The pids in scheduler.pid and agents/NAME.pid of a state folder.
std::vector<pid_t> daemons_of(const std::filesystem::path& state) {
  std::vector<pid_t> pids;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(state)) {
    if (entry.path().extension() != ".pid") continue;
    pid_t pid = 0;
    if (std::ifstream(entry.path()) >> pid) pids.push_back(pid);
  }
  return pids;
}

// utime, stime, cutime and cstime of proc(5), which follow the name in parentheses.
double cpu_seconds_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(text.substr(name_end + 1));
  constexpr int kFieldsBefore = 11;
  std::string skipped;
  for (int i = 0; i < kFieldsBefore; ++i) fields >> skipped;
  double ticks = 0;
  for (int i = 0; i < 4; ++i) {
    double field = 0;
    fields >> field;
    ticks += field;
  }
  return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
}

// Collects what the cluster's processes left to us. True when none is left.
bool collect_orphans() {
  pid_t ended = 0;
  do {
    ended = waitpid(-1, nullptr, WNOHANG);
  } while (ended > 0);
  return ended < 0;
}

Result<std::filesystem::path> make_folder_in(const std::filesystem::path& parent) {
  std::string pattern = parent / "usine-bench-XXXXXX";
  if (mkdtemp(pattern.data()) != nullptr) return pattern;
  return fail(ErrorCode::kIo, "cannot make a folder like " + pattern);
}

}  // namespace

std::string program(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

proto::SubmitRequest job_request(const std::string& script, std::size_t nodes) {
  const cli::User user = cli::current_user();
  proto::SubmitRequest submit;
  proto::JobRequest& job = *submit.mutable_request();
  job.set_name("bench");
  job.set_user(user.name);
  job.set_uid(user.uid);
  job.set_gid(user.gid);
  job.set_time_limit_s(600);
  proto::Component& component = *job.add_components();
  component.set_nodes(static_cast<std::uint32_t>(nodes));
  component.set_tasks_per_node(1);
  component.set_tasks(static_cast<std::uint32_t>(nodes));
  component.set_cores_per_task(1);
  component.mutable_per_node()->set_cores(1);
  proto::LaunchRequest& launch = *job.mutable_launch();
  launch.set_script_name("bench");
  launch.set_working_directory("/");
  launch.set_output("/dev/null");
  launch.set_umask(022);
  submit.set_script(script);
  constexpr std::string_view kEnvironment("PATH=/usr/bin:/bin\0", 19);
  submit.set_environment(std::string(kEnvironment));
  return submit;
}

Result<std::unique_ptr<BenchCluster>> BenchCluster::start(std::size_t nodes,
                                                          const std::string& run_dir) {
  const auto folder = make_folder_in(std::filesystem::temp_directory_path());
  if (!folder) return fail(folder.error());
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::unique_ptr<BenchCluster> cluster(new BenchCluster(*folder));
  std::vector<std::string> up = {program("usine"),      "up",      "--detach",      "--nodes",
                                 std::to_string(nodes), "--state", cluster->folder_};
  if (!run_dir.empty()) {
    const auto run_folder = make_folder_in(run_dir);
    if (!run_folder) return fail(run_folder.error());
    cluster->run_folder_ = *run_folder;
    up.push_back("--run-dir=" + run_folder->string());
  }
  if (const Status started = run(up); !started) return fail(started.error());
  cluster->daemons_ = daemons_of(cluster->folder_);
  if (const Status ready = cluster->wait_for_nodes(nodes); !ready) return fail(ready.error());
  return cluster;
}

BenchCluster::~BenchCluster() {
  static_cast<void>(run({program("usine"), "down", "--state", folder_}));
  const auto deadline = steady_clock::now() + kEndTimeMax;
  while (!collect_orphans() && steady_clock::now() < deadline) {
    std::this_thread::sleep_for(kPollInterval);
  }
  std::error_code ignored;  // nothing can be done about it at the end
  std::filesystem::remove_all(folder_, ignored);
  if (!run_folder_.empty()) std::filesystem::remove_all(run_folder_, ignored);
}

Result<cli::Client> BenchCluster::connect() const {
  return cli::connect({.state = folder_.string(), .config = {}, .scheduler = {}});
}

Status BenchCluster::run_usine(std::vector<std::string> words,
                               const std::vector<std::string>& command) const {
  words.insert(words.begin(), program("usine"));
  words.insert(words.end(), {"--state", folder_, "--"});
  words.insert(words.end(), command.begin(), command.end());
  return run(std::move(words));
}

std::chrono::duration<double> BenchCluster::cpu_time() {
  collect_orphans();
  rusage collected{};
  getrusage(RUSAGE_CHILDREN, &collected);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  double total = seconds(collected.ru_utime) + seconds(collected.ru_stime);
  for (const pid_t pid : daemons_) total += cpu_seconds_of(pid);
  return std::chrono::duration<double>(total);
}

Status BenchCluster::wait_for_nodes(std::size_t nodes) const {
  auto client = connect();
  if (!client) return fail(client.error());
  const auto deadline = steady_clock::now() + kStartTimeMax;
  while (steady_clock::now() < deadline) {
    const auto cluster = client->get_cluster();
    if (cluster && cluster->nodes_up() == nodes) return {};
    std::this_thread::sleep_for(kPollInterval);
  }
  return fail(ErrorCode::kUnavailable, "the cluster's nodes did not come up");
}

Status BenchCluster::wait_until_idle(cli::Client& client, std::chrono::seconds limit) const {
  const auto deadline = steady_clock::now() + limit;
  proto::ListJobsRequest unfinished;
  unfinished.set_limit(1);
  while (steady_clock::now() < deadline) {
    const auto jobs = client.list_jobs(unfinished);
    if (!jobs) return fail(jobs.error());
    if (jobs->jobs().empty()) return {};
    std::this_thread::sleep_for(kPollInterval);
  }
  return fail(ErrorCode::kUnavailable,
              "jobs still wait or run after " + std::to_string(limit.count()) + " seconds");
}

}  // namespace usine::bench
