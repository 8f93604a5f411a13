#include "tests/e2e/program.h"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <signal.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/temp_folder.h"
#include "tests/support/wait.h"

namespace usine::test {
namespace {

std::string content_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void redirect(int target, const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags, 0600);
  if (fd < 0 || ::dup2(fd, target) < 0) std::_Exit(127);
}

[[noreturn]] void become(const ProgramCall& call, const TempFolder& folder) {
  const std::string input = call.input.empty() ? "/dev/null" : (folder / "in").string();
  redirect(STDIN_FILENO, input, O_RDONLY);
  redirect(STDOUT_FILENO, (folder / "out").string(), O_WRONLY | O_CREAT);
  redirect(STDERR_FILENO, (folder / "err").string(), O_WRONLY | O_CREAT);
  if (!call.folder.empty() && ::chdir(call.folder.c_str()) != 0) std::_Exit(127);
  if (call.first && !call.first()) std::_Exit(126);
  for (const auto& [name, value] : call.environment) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& word : call.argv) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  std::_Exit(127);
}

}  // namespace

ProgramResult run_program(const ProgramCall& call) {
  const TempFolder folder;
  if (!call.input.empty()) std::ofstream(folder / "in", std::ios::binary) << call.input;
  const pid_t pid = ::fork();
  if (pid == 0) become(call, folder);
  int raw = 0;
  const auto ended = [&] { return ::waitpid(pid, &raw, WNOHANG) == pid; };
  ProgramResult result;
  if (!wait_until(ended, call.limit)) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, &raw, 0);
  } else {
    result.status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  }
  result.out = content_of(folder / "out");
  result.err = content_of(folder / "err");
  return result;
}

}  // namespace usine::test
