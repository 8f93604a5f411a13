#include "agent/contain/group_files.h"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "common/os/files.h"
#include "common/os/os_error.h"
#include "common/os/unique_fd.h"

namespace usine::contain {
namespace {

constexpr mode_t kGroupMode = 0755;
constexpr std::size_t kFileBytesMax = 1u << 20;
// Freezing waits for processes that are just in the kernel; one that stays there does not fork.
constexpr int kFreezeLooksMax = 100;

void add_processes(const std::string& path, std::vector<pid_t>& pids) {
  const auto text = os::read_file(path + "/cgroup.procs", kFileBytesMax);
  if (!text) return;
  const char* at = text->data();
  const char* const end = at + text->size();
  while (at < end) {
    pid_t pid = 0;
    const auto [rest, error] = std::from_chars(at, end, pid);
    if (error != std::errc()) break;
    if (pid > 0) pids.push_back(pid);  // 0: of another pid namespace, out of our reach
    at = rest + 1;
  }
}

void kill_each(const std::string& path) {
  for (const pid_t pid : processes_in(path)) ::kill(pid, SIGKILL);
}

}  // namespace

Status make_group(const std::string& path) {
  if (::mkdir(path.c_str(), kGroupMode) == 0 || errno == EEXIST) return {};
  return fail(os::os_error("making the group " + path));
}

Status renew_group(const std::string& path) {
  if (::mkdir(path.c_str(), kGroupMode) == 0) return {};
  if (errno == EEXIST) remove_group(path);
  return make_group(path);
}

std::vector<std::string> groups_below(const std::string& path) {
  std::vector<std::string> found;
  std::error_code error;
  for (std::filesystem::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    if (entry->is_directory(error)) found.push_back(entry->path().string());
  }
  return found;
}

bool remove_group(const std::string& path) {
  if (::rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
  for (const std::string& below : groups_below(path)) remove_group(below);
  return ::rmdir(path.c_str()) == 0 || errno == ENOENT;
}

Status write_value(const std::string& file, std::string_view value) {
  const os::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd) return fail(os::os_error("opening " + file));
  if (::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) {
    return {};
  }
  return fail(os::os_error("writing '" + std::string(value) + "' to " + file));
}

Result<std::string> read_value(const std::string& file) {
  Result<std::string> text = os::read_file(file, kFileBytesMax);
  if (text) text->erase(text->find_last_not_of(" \n") + 1);
  return text;
}

std::int64_t read_number(const std::string& file, std::string_view key) {
  const auto text = read_value(file);
  if (!text) return 0;
  std::size_t begin = 0;
  if (!key.empty()) {
    const std::string wanted = '\n' + std::string(key) + ' ';
    const std::size_t found = ('\n' + *text).find(wanted);
    if (found == std::string::npos) return 0;
    begin = found + wanted.size() - 1;
  }
  std::int64_t number = 0;
  std::from_chars(text->data() + begin, text->data() + text->size(), number);
  return number;
}

std::vector<pid_t> processes_in(const std::string& path) {
  std::vector<pid_t> pids;
  add_processes(path, pids);
  for (const std::string& below : groups_below(path)) {
    const std::vector<pid_t> more = processes_in(below);
    pids.insert(pids.end(), more.begin(), more.end());
  }
  return pids;
}

Status freeze_group(Version version, const std::string& path, bool frozen) {
  if (version == Version::kV2) return write_value(path + "/cgroup.freeze", frozen ? "1" : "0");
  return write_value(path + "/freezer.state", frozen ? "FROZEN" : "THAWED");
}

Status kill_group(Version version, const std::string& path) {
  // From Linux 5.14 on the kernel does it in one go.
  if (version == Version::kV2 && write_value(path + "/cgroup.kill", "1")) return {};
  if (const Status frozen = freeze_group(version, path, true); !frozen) return frozen;
  if (version == Version::kV1) {
    for (int look = 0; look < kFreezeLooksMax; ++look) {
      if (read_value(path + "/freezer.state").value_or("") != "FREEZING") break;
    }
  }
  kill_each(path);
  return freeze_group(version, path, false);
}

}  // namespace usine::contain
