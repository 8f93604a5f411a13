// `usine backup FILE`: the scheduler's journal as it is at one moment, fetched by an operator while
// the scheduler goes on.
#include "cli/backup.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "cli/operations_client.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "cli/views.h"
#include "common/os/os_error.h"
#include "common/os/unique_fd.h"

namespace usine::cli {
namespace {

// A file that gets its name once it is whole and on the disk, and goes without a trace else.
class NewFile {
 public:
  explicit NewFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (file_) ::unlink(part_.c_str());
  }

  // For its owner alone: a backup holds scripts and environments of every user.
  Status open() {
    if (::access(path_.c_str(), F_OK) == 0) return fail(is_there());
    ::unlink(part_.c_str());  // of a call that was killed
    file_.reset(::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file_) return fail(os::os_error("making " + part_));
    return {};
  }

  Status write(const std::string& bytes) {
    for (std::size_t done = 0; done < bytes.size();) {
      const ssize_t wrote = ::write(file_.get(), bytes.data() + done, bytes.size() - done);
      if (wrote < 0 && errno != EINTR) return fail(os::os_error("writing " + part_));
      if (wrote > 0) done += static_cast<std::size_t>(wrote);
    }
    written_ += bytes.size();
    return {};
  }

  [[nodiscard]] std::uint64_t written() const { return written_; }

  Status keep() {
    if (::fsync(file_.get()) != 0) return fail(os::os_error("writing " + part_));
    if (::link(part_.c_str(), path_.c_str()) == 0) return {};
    if (errno == EEXIST) return fail(is_there());
    return fail(os::os_error("making " + path_));
  }

 private:
  [[nodiscard]] Error is_there() const {
    return {ErrorCode::kConflict, path_ + " is there already: name a new file"};
  }

  std::string path_;
  std::string part_;
  os::UniqueFd file_;
  std::uint64_t written_ = 0;
};

Result<proto::BackupSummary> fetch(OperationsClient& client, const std::string& path) {
  NewFile file(path);
  if (const Status opened = file.open(); !opened) return fail(opened.error());
  auto summary = client.backup([&file](const std::string& bytes) { return file.write(bytes); });
  if (!summary) return fail(summary.error());
  if (summary->bytes() != file.written()) {
    return fail(ErrorCode::kIo, "the backup came in part only: try again");
  }
  if (const Status kept = file.keep(); !kept) return fail(kept.error());
  return summary;
}

}  // namespace

CommandResult run_backup(const Words& words) {
  Options options(
      "usine backup FILE [--json]",
      "Copies the scheduler's journal, as it is at one moment, into a new file on this "
      "machine; the scheduler goes on meanwhile. For operators. `usine-scheduler --state "
      "DIR --restore FILE` makes a state folder's journal of it.",
      "usine backup /backups/usine-$(date +%F).db");
  options.flag("json", "print one JSON document").takes_words(1, 1, "a file").finds_cluster();
  const auto given = options.parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  auto client = connect_operations((*given)->target());
  if (!client) return fail(client.error());
  const std::string& path = (*given)->words()[0];
  const auto summary = fetch(*client, path);
  if (!summary) return fail(summary.error());
  if ((*given)->flag("json")) {
    print_json({{"file", path},
                {"bytes", summary->bytes()},
                {"sequence", summary->sequence()},
                {"cluster", summary->cluster_uuid()}});
  } else {
    print(path + ": " + std::to_string(summary->bytes()) + " bytes, up to journal row " +
          std::to_string(summary->sequence()) + " of cluster " + summary->cluster_uuid() + '\n');
  }
  return kExitDone;
}

}  // namespace usine::cli
