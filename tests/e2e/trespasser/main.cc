// usine-trespasser PID FOLDER ADDRESS: tries to get at another user's job, by one of its processes,
// its job folder and its shepherd's address. Prints "WHAT refused" or "WHAT done" for each try.
// Run as a job by trespass_test.cc.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/os/frame_socket.h"
#include "common/os/sockets.h"
#include "proto/shepherd.pb.h"

namespace {

using usine::os::FrameSocket;
namespace proto = usine::proto;

constexpr usine::Millis kAnswerTime{15'000};

void report(const char* what, bool done) {
  std::printf("%s %s\n", what, done ? "done" : "refused");
}

bool opens(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd < 0) return false;
  ::close(fd);
  return true;
}

// Some files open for all, and are read by some.
bool reads(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  const bool read = fd >= 0 && ::read(fd, &byte, 1) > 0;
  if (fd >= 0) ::close(fd);
  return read;
}

bool lists(const std::string& path) {
  DIR* const folder = ::opendir(path.c_str());
  if (folder != nullptr) ::closedir(folder);
  return folder != nullptr;
}

bool reads_memory(pid_t victim) {
  char own = 0;
  iovec here{&own, 1};
  iovec there{&own, 1};
  return ::process_vm_readv(victim, &here, 1, &there, 1, 0) >= 0 || errno == EFAULT;
}

// Whether the shepherd runs what it is sent on this connection, or takes any part of it.
bool takes_step(FrameSocket shepherd, const std::string& key) {
  proto::ShepherdMessage message;
  if (!key.empty()) {
    message.mutable_greet()->set_job_key(key);
    static_cast<void>(shepherd.send_now(message.SerializeAsString(), kAnswerTime));
  }
  message.mutable_run_step()->add_command("true");
  static_cast<void>(shepherd.send_now(message.SerializeAsString(), kAnswerTime));
  const auto answer = shepherd.receive(kAnswerTime);
  return answer && message.ParseFromString(*answer) && !message.has_refused();
}

bool steps_by_port(const std::string& address, const std::string& key) {
  const auto endpoint = usine::os::parse_endpoint(address);
  if (!endpoint) return true;  // the test has given no address: let it be seen
  auto fd = usine::os::start_connect_tcp(*endpoint);
  return fd && takes_step(FrameSocket(*std::move(fd)), key);
}

bool steps_by_socket(const std::string& path) {
  auto fd = usine::os::connect_unix(path);
  return fd && takes_step(FrameSocket(*std::move(fd)), "");
}

// The victim's group of each hierarchy, as /proc names it.
bool joins_groups_of(const std::string& process) {
  FILE* const groups = std::fopen((process + "/cgroup").c_str(), "re");
  char line[4096];
  bool joined = false;
  while (groups != nullptr && std::fgets(line, sizeof(line), groups) != nullptr) {
    const std::string text(line);
    const std::size_t path = text.find(":/") + 1;
    std::string name = text.substr(text.find(':') + 1, path - 1 - text.find(':') - 1);
    if (name.empty()) name = "unified";
    const std::string group = text.substr(path, text.find('\n') - path);
    for (const std::string& root : {"/sys/fs/cgroup/" + name, std::string("/sys/fs/cgroup")}) {
      joined |= opens(root + group + "/cgroup.procs", O_WRONLY);
    }
  }
  if (groups != nullptr) std::fclose(groups);
  return joined;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  const pid_t victim = std::atoi(argv[1]);
  const std::string process = std::string("/proc/") + argv[1];
  const std::string folder = argv[2];
  const std::string address = argv[3];
  report("ptrace", ::ptrace(PTRACE_ATTACH, victim, nullptr, nullptr) == 0);
  report("memory file", opens(process + "/mem", O_RDWR));
  report("memory", reads_memory(victim));
  report("environment", reads(process + "/environ"));
  report("root", lists(process + "/root"));
  report("descriptors", lists(process + "/fd"));
  report("groups", joins_groups_of(process));
  report("list folder", lists(folder));
  report("write folder", opens(folder + "/planted", O_WRONLY | O_CREAT));
  report("remove script", ::unlink((folder + "/script").c_str()) == 0);
  report("script", reads(folder + "/script"));
  report("specification", reads(folder + "/spec"));
  report("log", reads(folder + "/log"));
  report("list tmp", lists(folder + "/tmp"));
  report("write tmp", opens(folder + "/tmp/planted", O_WRONLY | O_CREAT));
  report("socket", steps_by_socket(folder + "/shepherd.sock"));
  report("port", steps_by_port(address, ""));
  report("port with a key", steps_by_port(address, std::string(64, 'a')));
  // Last, since where they succeed nothing else is left to try.
  report("stop", ::kill(victim, SIGSTOP) == 0);
  report("kill", ::kill(victim, SIGKILL) == 0);
  return 0;
}
