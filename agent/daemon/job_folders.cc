#include "agent/daemon/job_folders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

#include "agent/daemon/job_spec.h"
#include "common/os/files.h"
#include "common/os/job_memory.h"
#include "common/os/os_error.h"

namespace usine::agent {
namespace {

namespace fs = std::filesystem;

template <typename T>
bool parse_whole(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

// The inverse of a folder's name, "JOB.ATTEMPT".
std::optional<AttemptKey> parse_key(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  AttemptKey key;
  if (!parse_whole(name.substr(0, dot), key.job.value)) return std::nullopt;
  if (!parse_whole(name.substr(dot + 1), key.attempt.value)) return std::nullopt;
  return key;
}

template <typename Message>
std::optional<Message> read_message(const std::string& path) {
  const Result<std::string> bytes = os::read_file(path);
  Message message;
  if (!bytes || !message.ParseFromString(*bytes)) return std::nullopt;
  return message;
}

}  // namespace

Result<JobFolders> JobFolders::open(const std::string& state_folder) {
  std::error_code error;
  fs::create_directories(state_folder + "/jobs", error);
  if (error) return fail(os::os_error("making " + state_folder + "/jobs", error.value()));
  return JobFolders(state_folder + "/jobs");
}

std::string JobFolders::path(AttemptKey key) const {
  return root_ + '/' + std::to_string(key.job.value) + '.' + std::to_string(key.attempt.value);
}

Status JobFolders::create(AttemptKey key, const proto::JobSpec& spec) const {
  const std::string folder = path(key);
  if (::mkdir(folder.c_str(), 0700) != 0) {
    if (errno != EEXIST) return fail(os::os_error("making " + folder));
    remove(key);
    if (::mkdir(folder.c_str(), 0700) != 0) return fail(os::os_error("making " + folder));
  }
  return os::write_file(folder + "/spec", spec.SerializeAsString());
}

void JobFolders::remove(AttemptKey key) const {
  os::remove_job_memory(path(key));
  std::error_code ignored;  // what cannot be removed is found, and tried again, at the next start
  fs::remove_all(path(key), ignored);
}

std::vector<AttemptKey> JobFolders::list() const {
  std::vector<AttemptKey> keys;
  std::error_code error;
  for (fs::directory_iterator entry(root_, error), end; !error && entry != end;
       entry.increment(error)) {
    if (const auto key = parse_key(entry->path().filename().string())) keys.push_back(*key);
  }
  std::ranges::sort(keys);
  return keys;
}

std::optional<proto::JobSpec> JobFolders::spec(AttemptKey key) const {
  const std::string file = path(key) + "/spec";
  // A shepherd may have been kept from getting ready by just this: it is never waited for.
  std::error_code error;
  if (!fs::is_regular_file(file, error)) return std::nullopt;
  return read_message<proto::JobSpec>(file);
}

std::optional<proto::ShepherdReady> JobFolders::ready(AttemptKey key) const {
  return read_message<proto::ShepherdReady>(path(key) + "/ready");
}

std::optional<Ended> JobFolders::ended(AttemptKey key) const {
  const auto record = read_message<proto::EndRecord>(path(key) + "/ended");
  if (!record) return std::nullopt;
  return ended_report(*record);
}

}  // namespace usine::agent
