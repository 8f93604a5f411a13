#include "cli/agent_settings.h"

#include <algorithm>
#include <filesystem>

#include "cli/terminal.h"
#include "common/os/files.h"

namespace usine::cli {
namespace {

// Options of usine-agent, which checks their values.
constexpr const char* kPassedOn[] = {"containment",   "private-folders", "cgroup-root",
                                     "processes-max", "allow-device",    "run-dir",
                                     "prolog-limit",  "epilog-limit"};
// Those that name a file, which the agents find from wherever they run.
constexpr const char* kFiles[] = {"prolog", "epilog"};

std::string path_in(const std::string& agents_folder) { return agents_folder + "/settings"; }

std::vector<std::string> given_settings(const Given& given) {
  std::vector<std::string> settings;
  for (const std::string name : kPassedOn) {
    for (const std::string& value : given.all(name)) settings.push_back("--" + name + '=' + value);
  }
  for (const std::string name : kFiles) {
    const auto file = given.value(name);
    if (!file) continue;
    const auto path = std::filesystem::absolute(*file).lexically_normal();
    settings.push_back("--" + name + '=' + path.string());
  }
  return settings;
}

std::string lines_of(const std::vector<std::string>& settings) {
  std::string text;
  for (const std::string& setting : settings) text += setting + '\n';
  return text;
}

std::vector<std::string> settings_in(const std::string& text) {
  std::vector<std::string> settings;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    settings.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return settings;
}

}  // namespace

void add_agent_settings(Options& options) {
  options
      .value("containment", "auto|required|none",
             "hold jobs by control groups where the system has them (auto, the default), refuse to "
             "start where it lacks one (required), or not at all (none)")
      .value("private-folders", "auto|yes|memory|no",
             "give each job a /tmp and a /dev/shm of its own, the /tmp on disk (yes) or as the "
             "job's memory (auto, the default: not on emulated nodes)")
      .value("cgroup-root", "PATH",
             "make the jobs' control groups below this path of each hierarchy")
      .value("processes-max", "N", "most processes and threads of a job on a node")
      .value("allow-device", "PATH", "a device file that every job may open; may be repeated")
      .value("run-dir", "DIR",
             "folder in memory for the small files that jobs need while they run (default: the "
             "state folder)")
      .value("prolog", "FILE", "run this on each node before a job's first process there")
      .value("prolog-limit", "SECONDS", "it has failed after so long (default 60)")
      .value("epilog", "FILE", "run this on each node after a job's last process there")
      .value("epilog-limit", "SECONDS", "it has failed after so long (default 60)");
}

Result<std::vector<std::string>> agent_settings(const std::string& agents_folder,
                                                const Given& given) {
  std::vector<std::string> wanted = given_settings(given);
  for (const std::string& setting : wanted) {
    if (setting.find('\n') == std::string::npos) continue;
    return fail(ErrorCode::kInvalid, "an option for agents has a line end in it");
  }
  const std::string path = path_in(agents_folder);
  if (!std::filesystem::exists(path)) return wanted;
  const auto text = os::read_file(path);
  if (!text) return fail(text.error());
  std::vector<std::string> kept = settings_in(*text);
  if (!wanted.empty() && wanted != kept) {
    warn("the agents of this folder stay with what they came up with: change " + path +
         " and restart them, or use another --state");
  }
  return kept;
}

Status keep_agent_settings(const std::string& agents_folder,
                           const std::vector<std::string>& settings) {
  const std::string path = path_in(agents_folder);
  if (std::filesystem::exists(path)) return {};
  return os::write_file_durably(path, lines_of(settings));
}

}  // namespace usine::cli
