#include "agent/daemon/job_folders.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

#include "agent/core/gpu_use_file.h"
#include "agent/daemon/job_spec.h"
#include "common/digest.h"
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

std::string name_of(AttemptKey key) {
  return std::to_string(key.job.value) + '.' + std::to_string(key.attempt.value);
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

// Users pass through it to what is theirs.
Status make_folder(const std::string& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) return fail(os::os_error("making " + path, error.value()));
  return {};
}

// STATE/jobs as the folder that it is to be: one, or a link to `target`. Where it is another one,
// and empty, it is replaced.
Status make_root(const std::string& root, const std::string& target) {
  std::error_code error;
  const bool is_link = fs::is_symlink(fs::symlink_status(root, error));
  const std::string now = is_link ? fs::read_symlink(root, error).string() : std::string();
  if (now != target) {
    if (fs::exists(root, error) && !fs::is_empty(root, error)) {
      return fail(ErrorCode::kConflict, root + " has jobs in it: an agent takes up a run folder, " +
                                            "or another, once its node has none");
    }
    fs::remove(root, error);
  }
  if (target.empty()) return make_folder(root);
  if (const Status made = make_folder(target); !made) return made;
  if (now != target) fs::create_directory_symlink(target, root, error);
  if (error) return fail(os::os_error("making the link " + root, error.value()));
  return {};
}

// A folder for this agent alone: those of one machine may share a run folder.
std::string target_in(const std::string& run_folder, const std::string& state_folder) {
  constexpr std::size_t kHexDigits = 16;
  Sha256 hash;
  hash.add(state_folder);
  return run_folder + "/usine-" + to_hex(hash.finish()).substr(0, kHexDigits);
}

// As agent/shepherd/step_log.cc writes them; takes it from `rest`.
std::optional<std::string_view> next_frame(std::string_view& rest) {
  constexpr std::size_t kLengthBytes = 4;
  if (rest.size() < kLengthBytes) return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) {
    length |= std::size_t{static_cast<unsigned char>(rest[i])} << (8 * i);
  }
  if (rest.size() - kLengthBytes < length) return std::nullopt;
  const std::string_view frame = rest.substr(kLengthBytes, length);
  rest.remove_prefix(kLengthBytes + length);
  return frame;
}

}  // namespace

Result<JobFolders> JobFolders::open(const std::string& state_folder,
                                    const std::string& run_folder) {
  const std::string root = state_folder + "/jobs";
  const bool in_memory = !run_folder.empty();
  const std::string target = in_memory ? target_in(run_folder, state_folder) : std::string();
  Status made = make_folder(state_folder);
  if (made) made = make_root(root, target);
  if (!made) return fail(made.error());
  if (!in_memory) return JobFolders(root, {});
  const std::string temporaries = state_folder + "/tmp";
  if (made = make_folder(temporaries); !made) return fail(made.error());
  JobFolders folders(root, temporaries);
  folders.remove_strays();
  return folders;
}

// Of jobs whose folders went with the machine's memory.
void JobFolders::remove_strays() const {
  std::error_code error;
  for (fs::directory_iterator entry(temporaries_, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    const std::string name = entry->path().filename();
    if (!fs::exists(root_ + '/' + name, ignored)) fs::remove_all(entry->path(), ignored);
  }
}

std::string JobFolders::path(AttemptKey key) const { return root_ + '/' + name_of(key); }

Status JobFolders::create(AttemptKey key, proto::JobSpec spec) const {
  const std::string folder = path(key);
  if (!temporaries_.empty()) spec.set_temporary(temporaries_ + '/' + name_of(key));
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
  if (!temporaries_.empty()) fs::remove_all(temporaries_ + '/' + name_of(key), ignored);
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

std::vector<StepRecord> JobFolders::steps(AttemptKey key) const {
  const auto bytes = os::read_file(path(key) + "/steps");
  std::vector<StepRecord> steps;
  if (!bytes) return steps;
  std::string_view rest = *bytes;
  while (const auto frame = next_frame(rest)) {
    proto::StepEntry entry;
    if (!entry.ParseFromString(std::string(*frame))) break;
    steps.push_back(step_record(entry));
  }
  return steps;
}

std::optional<ScriptRun> JobFolders::script_run(AttemptKey key, SiteScript which) const {
  const auto text = os::read_file(path(key) + '/' + to_string(which));
  if (!text) return std::nullopt;
  // A file that was cut off in the middle says that the script had begun.
  const std::uint8_t phase = text->empty() ? 0 : static_cast<std::uint8_t>(text->front() - '0');
  if (phase == 0 || phase > static_cast<std::uint8_t>(ScriptPhase::kFailed)) return ScriptRun{};
  return ScriptRun{static_cast<ScriptPhase>(phase), text->substr(1)};
}

Status JobFolders::note_script_run(AttemptKey key, SiteScript which, const ScriptRun& run) const {
  const std::string text = std::to_string(static_cast<int>(run.phase)) + run.failure;
  return os::replace_file(path(key) + '/' + to_string(which), text);
}

std::optional<proto::ShepherdReady> JobFolders::ready(AttemptKey key) const {
  return read_message<proto::ShepherdReady>(path(key) + "/ready");
}

std::optional<Ended> JobFolders::ended(AttemptKey key) const {
  const auto record = read_message<proto::EndRecord>(path(key) + "/ended");
  if (!record) return std::nullopt;
  Ended report = ended_report(*record);
  report.use.add(gpu_use_from(os::read_file(path(key) + "/gpu_use").value_or("")));
  return report;
}

}  // namespace usine::agent
