#include "scheduler/daemon/backup_call.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <grpcpp/support/async_stream.h>
#include <spdlog/spdlog.h>

#include "common/os/os_error.h"
#include "common/os/unique_fd.h"
#include "proto/convert_users.h"
#include "scheduler/daemon/serve_calls.h"
#include "scheduler/store/backup.h"

namespace usine::daemon {
namespace {

constexpr char kMethod[] = "Backup";
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;

struct Copy {
  os::UniqueFd file;  // at its beginning; goes with the last descriptor
  proto::BackupSummary summary;
};

Result<Copy> copy_store(const store::StoreFile& store) {
  std::string path = store.path + ".backup-XXXXXX";
  os::UniqueFd file(::mkostemp(path.data(), O_CLOEXEC));
  if (!file) return fail(os::os_error("making " + path));
  const Result<store::BackupMade> made = store::write_backup(store, path);
  ::unlink(path.c_str());
  if (!made) return fail(made.error());
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return fail(os::os_error("reading a backup"));
  proto::BackupSummary summary;
  summary.set_bytes(static_cast<std::uint64_t>(found.st_size));
  summary.set_sequence(made->sequence.value);
  summary.set_cluster_uuid(made->cluster_uuid);
  return Copy{std::move(file), std::move(summary)};
}

// One call, from being awaited to its end; it owns itself and lives on the loop's thread.
class BackupCall final : public CompletionEvent {
 public:
  explicit BackupCall(std::shared_ptr<const BackupParts> parts) : parts_(std::move(parts)) {
    const int method = OperationsRpc::descriptor().FindMethodByName(kMethod)->index();
    parts_->rpc.accept_stream<proto::BackupRequest, proto::BackupChunk>(
        method, {&context_, &request_, &writer_, this}, parts_->loop.queue());
  }

  void completed(bool ok) override {
    switch (stage_) {
      case Stage::kAwaited: return ok ? came() : delete_this();
      case Stage::kSending: return ok ? send_next() : finish(grpc::Status::CANCELLED);
      case Stage::kEnding: return delete_this();
    }
  }

 private:
  enum class Stage : std::uint8_t { kAwaited, kSending, kEnding };

  // Told once what became of the copy; where nobody tells it, the background thread has dropped it.
  class Promise {
   public:
    explicit Promise(BackupCall* call) : call_(call) {}
    Promise(Promise&& other) noexcept : call_(std::exchange(other.call_, nullptr)) {}
    Promise& operator=(Promise&&) = delete;
    ~Promise() {
      if (call_ == nullptr) return;
      (*this)(fail(ErrorCode::kUnavailable, "the scheduler is busy or stopping: try again"));
    }
    void operator()(Result<Copy> copy) {
      BackupCall* const call = std::exchange(call_, nullptr);
      call->parts_->loop.post(
          [call, copy = std::move(copy)]() mutable { call->made(std::move(copy)); });
    }

   private:
    BackupCall* call_;
  };

  void came() {
    new BackupCall(parts_);  // for the next one
    Evidence evidence = evidence_of(context_, kMethod);
    evidence.request = request_.SerializeAsString();
    parts_->gate.prove(std::move(evidence), [this](const Result<Caller>& caller) { by(caller); });
  }

  void by(const Result<Caller>& caller) {
    if (!caller) return refuse(caller.error());
    if (!caller->is_operator) {
      return refuse({ErrorCode::kPermission, "only operators may take a backup"});
    }
    began_ = std::chrono::steady_clock::now();
    user_ = caller->user;
    const bool accepted = parts_->background.try_do(
        [store = parts_->store, promise = Promise(this)]() mutable { promise(copy_store(store)); });
    static_cast<void>(accepted);  // where not, the promise has told
  }

  void made(Result<Copy> copy) {
    if (!copy) return refuse(copy.error());
    copy_ = *std::move(copy);
    stage_ = Stage::kSending;
    send_next();
  }

  void send_next() {
    if (said_all_) return finish(grpc::Status::OK);
    std::string& data = *chunk_.mutable_data();
    data.resize(kChunkBytes);
    ssize_t got = 0;
    do got = ::read(copy_.file.get(), data.data(), data.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return refuse(os::os_error("reading a backup"));
    data.resize(static_cast<std::size_t>(got));
    if (got == 0) {
      *chunk_.mutable_summary() = copy_.summary;
      said_all_ = true;
    }
    writer_.Write(chunk_, this);
  }

  void refuse(const Error& error) {
    context_.AddTrailingMetadata(kErrorMetadata, std::string(to_string(error.code)));
    finish(to_grpc_status(error));
  }

  void finish(const grpc::Status& status) {
    stage_ = Stage::kEnding;
    const auto took = std::chrono::steady_clock::now() - began_;
    if (said_all_ && status.ok()) {
      spdlog::info("event=backup_sent user={} sequence={} bytes={} took_ms={}", user_,
                   copy_.summary.sequence(), copy_.summary.bytes(),
                   std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    }
    writer_.Finish(status, this);
  }

  void delete_this() { delete this; }

  std::shared_ptr<const BackupParts> parts_;
  grpc::ServerContext context_;
  proto::BackupRequest request_;
  grpc::ServerAsyncWriter<proto::BackupChunk> writer_{&context_};
  Stage stage_ = Stage::kAwaited;
  std::string user_;
  std::chrono::steady_clock::time_point began_;
  Copy copy_;
  proto::BackupChunk chunk_;
  bool said_all_ = false;
};

}  // namespace

void listen_for_backups(const BackupParts& parts) {
  new BackupCall(std::make_shared<const BackupParts>(parts));
}

}  // namespace usine::daemon
