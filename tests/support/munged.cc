#include "tests/support/munged.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "tests/support/wait.h"

extern char** environ;

namespace usine::test {
namespace {

constexpr char kProgram[] = "/usr/sbin/munged";
constexpr char kLauncher[] = "/usr/bin/setpriv";  // so that it ends also with a test that crashes

}  // namespace

bool Munged::is_installed() { return ::access(kProgram, X_OK) == 0; }

// munged wants its folders closed to other writers, which those above a temporary folder are not
// (/tmp has its sticky bit), and to be one that everybody may reach: 0711.
Munged::Munged(const std::string& key) {
  std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
  const std::string key_file = folder_ / "key";
  std::ofstream(key_file) << key;
  std::filesystem::permissions(key_file, std::filesystem::perms(0400));
  std::vector<std::string> words = {kLauncher,
                                    "--pdeathsig=TERM",
                                    kProgram,
                                    "--foreground",
                                    "--key-file=" + key_file,
                                    "--socket=" + socket(),
                                    "--pid-file=" + (folder_ / "pid").string(),
                                    "--log-file=" + (folder_ / "log").string(),
                                    "--seed-file=" + (folder_ / "seed").string()};
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  const std::string said = folder_ / "said";
  ::posix_spawn_file_actions_addopen(&quiet, 2, said.c_str(), O_WRONLY | O_CREAT, 0600);
  const int failed = ::posix_spawn(&pid_, kLauncher, &quiet, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&quiet);
  if (failed != 0) throw std::runtime_error("cannot start munged");
  // The pid file is written once the socket is listened on.
  const bool up = wait_until([this] { return std::filesystem::exists(folder_ / "pid"); },
                             std::chrono::seconds(20));
  if (!up) throw std::runtime_error("munged does not come up: see its rules on folders and owners");
}

void Munged::stop() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);  // one that a test has stopped takes no other
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

}  // namespace usine::test
