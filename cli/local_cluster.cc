#include "cli/local_cluster.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <thread>
#include <unistd.h>
#include <utility>

#include "cli/job_groups.h"
#include "common/os/files.h"
#include "common/os/job_memory.h"
#include "common/os/os_error.h"
#include "common/os/processes.h"

namespace usine::cli {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kTermWait{5'000};
constexpr milliseconds kKillWait{5'000};

// Whether `happened` came true in time; what is waited for are files and processes that do not
// announce themselves.
bool wait_for(const std::function<bool()>& happened, milliseconds limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!happened()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(10));
  }
  return true;
}

// The arguments of a process; empty where it is gone or a zombie.
std::vector<std::string> command_line(pid_t pid) {
  const auto bytes = os::read_file("/proc/" + std::to_string(pid) + "/cmdline");
  std::vector<std::string> words;
  if (!bytes) return words;
  for (std::size_t begin = 0; begin < bytes->size();) {
    const std::size_t end = std::min(bytes->find('\0', begin), bytes->size());
    words.push_back(bytes->substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

std::string program_name(const std::vector<std::string>& words) {
  return words.empty() ? "" : fs::path(words.front()).filename().string();
}

std::optional<pid_t> parse_pid(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || pid <= 1) return std::nullopt;
  return pid;
}

std::vector<pid_t> processes_where(
    const std::function<bool(const std::vector<std::string>&)>& wanted) {
  std::vector<pid_t> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const auto pid = parse_pid(entry.path().filename());
    if (pid && wanted(command_line(*pid))) found.push_back(*pid);
  }
  return found;
}

std::string program_beside_this_one(const std::string& name) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  return error ? name : (self.parent_path() / name).string();
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = ::environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  return entries;
}

// Every live process below the shepherds. A stopped shepherd keeps its dead children as zombies,
// which have no command line and do not count.
std::vector<os::Process> job_processes(const std::vector<pid_t>& shepherds) {
  std::vector<os::Process> processes;
  for (const pid_t shepherd : shepherds) {
    for (const os::Process& process : os::descendants_of(shepherd)) {
      if (is_alive(process.pid)) processes.push_back(process);
    }
  }
  return processes;
}

void signal_all(const std::vector<pid_t>& processes, int signal) {
  for (const pid_t process : processes) ::kill(process, signal);
}

void signal_all(const std::vector<os::Process>& processes, int signal) {
  for (const os::Process& process : processes) os::signal_process(process, signal);
}

}  // namespace

LocalProgram LocalCluster::scheduler() const {
  return {"scheduler",
          "usine-scheduler",
          folder_ + "/scheduler.pid",
          folder_ + "/logs/scheduler.log",
          folder_,
          {"--state", folder_, "--config", config_file()},
          true};
}

LocalProgram LocalCluster::agent(const std::string& node, const std::string& scheduler_address,
                                 const std::vector<std::string>& shape) const {
  const std::string own = folder_ + "/agents/" + node;
  LocalProgram program{node, "usine-agent", own + ".pid", folder_ + "/logs/" + node + ".log", own,
                       {},   false};
  program.arguments = {"--scheduler",   scheduler_address,        "--node", node, "--state", own,
                       "--secret-file", folder_ + "/agent.secret"};
  program.arguments.insert(program.arguments.end(), shape.begin(), shape.end());
  return program;
}

std::vector<LocalProgram> LocalCluster::recorded_agents() const {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_ + "/agents", error)) {
    if (entry.path().extension() == ".pid") names.push_back(entry.path().stem());
  }
  std::ranges::sort(names);
  std::vector<LocalProgram> agents;
  for (const std::string& name : names) agents.push_back(agent(name, "", {}));
  return agents;
}

std::vector<pid_t> LocalCluster::shepherds() const {
  return processes_where([this](const std::vector<std::string>& words) {
    return words.size() >= 2 && words[1].starts_with(folder_ + "/agents/") &&
           program_name(words) == "usine-shepherd";
  });
}

std::vector<pid_t> LocalCluster::strays() const {
  std::vector<pid_t> found = processes_where(
      [this](const std::vector<std::string>& words) { return is_program_of_ours(words); });
  std::vector<LocalProgram> recorded = recorded_agents();
  recorded.push_back(scheduler());
  for (const LocalProgram& program : recorded) {
    if (const auto pid = running_pid(program)) std::erase(found, *pid);
  }
  return found;
}

// As scheduler() and agent() start them: the folder behind --state tells.
bool LocalCluster::is_program_of_ours(const std::vector<std::string>& words) const {
  const auto option = std::ranges::find(words, "--state");
  if (option == words.end() || option + 1 == words.end()) return false;
  const std::string& state = *(option + 1);
  if (program_name(words) == "usine-scheduler") return state == folder_;
  return program_name(words) == "usine-agent" && state.starts_with(folder_ + "/agents/");
}

Status LocalCluster::make_folders() const {
  std::error_code error;
  for (const std::string& folder : {folder_, folder_ + "/agents", folder_ + "/logs"}) {
    const bool made = fs::create_directories(folder, error);
    if (made) fs::permissions(folder, fs::perms::owner_all, error);
    if (error) return fail(ErrorCode::kIo, "making " + folder + ": " + error.message());
  }
  return {};
}

std::optional<pid_t> running_pid(const LocalProgram& program) {
  const auto text = os::read_file(program.pid_file);
  if (!text) return std::nullopt;
  const auto pid = parse_pid(*text);
  if (!pid) return std::nullopt;
  const auto words = command_line(*pid);
  const bool same_folder = std::ranges::find(words, program.own_folder) != words.end();
  return same_folder && program_name(words) == program.program ? pid : std::nullopt;
}

bool is_alive(pid_t pid) { return !command_line(pid).empty(); }

Result<pid_t> start(const LocalProgram& program) {
  os::DetachedProgram detached;
  detached.argv = {program_beside_this_one(program.program)};
  detached.argv.insert(detached.argv.end(), program.arguments.begin(), program.arguments.end());
  detached.environment = own_environment();
  detached.log_path = program.log_file;
  const auto pid = os::spawn_detached(detached);
  if (!pid) return fail(pid.error().within("starting " + program.name));
  if (program.writes_pid) return *pid;
  const Status written = os::replace_file(program.pid_file, std::to_string(*pid) + '\n', 0644);
  if (!written) return fail(written.error());
  return *pid;
}

std::string last_log_line(const LocalProgram& program) {
  auto text = os::read_file(program.log_file);
  if (!text) return "its log " + program.log_file + " cannot be read";
  text->erase(text->find_last_not_of('\n') + 1);
  const std::string line = text->substr(text->rfind('\n') + 1);
  return line.empty() ? "its log " + program.log_file + " is empty" : line;
}

bool end(const LocalProgram& program) {
  const auto pid = running_pid(program);
  const auto gone = [&program] { return !running_pid(program).has_value(); };
  if (pid) {
    ::kill(*pid, SIGTERM);
    if (!wait_for(gone, kTermWait)) {
      ::kill(*pid, SIGKILL);
      wait_for(gone, kKillWait);
    }
  }
  ::unlink(program.pid_file.c_str());
  return pid.has_value();
}

std::size_t end(const std::vector<pid_t>& processes) {
  const auto gone = [&] { return std::ranges::none_of(processes, is_alive); };
  signal_all(processes, SIGTERM);
  if (!wait_for(gone, kTermWait)) {
    signal_all(processes, SIGKILL);
    wait_for(gone, kKillWait);
  }
  return processes.size();
}

std::size_t end_jobs(const std::vector<pid_t>& shepherds) {
  // A stopped shepherd starts nothing more and keeps its orphans, so that none gets away.
  signal_all(shepherds, SIGSTOP);
  signal_all(job_processes(shepherds), SIGTERM);
  signal_all(job_processes(shepherds), SIGCONT);
  const bool ended = wait_for([&] { return job_processes(shepherds).empty(); }, kTermWait);
  if (!ended) {
    const auto all_killed = [&] {
      const auto left = job_processes(shepherds);
      signal_all(left, SIGKILL);
      return left.empty();
    };
    wait_for(all_killed, kKillWait);
  }
  std::vector<std::string> job_folders;
  for (const pid_t shepherd : shepherds) {
    if (const auto words = command_line(shepherd); words.size() >= 2) {
      job_folders.push_back(words[1]);
    }
  }
  signal_all(shepherds, SIGKILL);
  wait_for([&] { return std::ranges::none_of(shepherds, is_alive); }, kKillWait);
  for (const std::string& folder : job_folders) {
    os::remove_job_memory(folder);
    wait_for([&folder] { return remove_job_groups(folder); }, kKillWait);
  }
  return shepherds.size();
}

}  // namespace usine::cli
