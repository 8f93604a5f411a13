#include "tests/agent/agent_process.h"

#include <charconv>
#include <fstream>
#include <iterator>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include <doctest/doctest.h>

#include "agent/contain/job_group.h"
#include "agent/contain/spec_holders.h"
#include "agent/daemon/job_folders.h"
#include "tests/support/wait.h"

namespace usine::test {

AgentProcess::AgentProcess(std::string scheduler, std::vector<std::string> extra) {
  const std::string secret_file = folder_ / "secret";
  std::ofstream(secret_file) << kSecret << '\n';
  arguments_ = {std::string(USINE_BIN_DIR) + "/usine-agent",
                "--scheduler",
                std::move(scheduler),
                "--node",
                "node001",
                "--state",
                folder_ / "state",
                "--secret-file",
                secret_file};
  arguments_.insert(arguments_.end(), extra.begin(), extra.end());
  start();
}

AgentProcess::~AgentProcess() {
  if (pid_ > 0) end(SIGKILL);
  // Shepherds kill what they started when they die.
  const bool gone = wait_until([this] {
    const std::vector<pid_t> left = processes_with(folder_.path().string());
    for (const pid_t pid : left) ::kill(pid, SIGKILL);
    return left.empty();
  });
  CHECK(gone);
  // Nobody is left who would.
  const auto jobs = agent::JobFolders::open((folder_ / "state").string());
  if (!jobs) return;  // a test has made that impossible
  for (const AttemptKey key : jobs->list()) {
    const auto spec = jobs->spec(key);
    if (!spec) continue;
    static_cast<void>(
        contain::end_group(contain::holders_in(spec->containment()), spec->containment().group()));
  }
}

void AgentProcess::start() {
  std::vector<char*> argv;
  for (std::string& argument : arguments_) argv.push_back(argument.data());
  argv.push_back(nullptr);
  REQUIRE(::posix_spawn(&pid_, argv[0], nullptr, nullptr, argv.data(), environ) == 0);
}

int AgentProcess::end(int signal) {
  ::kill(pid_, signal);
  int status = 0;
  ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry("/proc", error), end; !error && entry != end;
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    pid_t pid = 0;
    const auto [rest, fault] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (fault != std::errc{} || rest != name.data() + name.size()) continue;
    std::ifstream file(entry->path() / "cmdline");
    const std::string arguments{std::istreambuf_iterator<char>(file), {}};
    if (arguments.find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

}  // namespace usine::test
