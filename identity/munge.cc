#include "identity/munge.h"

#include <cstdlib>
#include <memory>
#include <utility>

namespace usine::identity {
namespace {

// A context is for one thread at a time, so that each call has its own.
using Context = std::unique_ptr<MungeContext, void (*)(MungeContext*)>;
using Bytes = std::unique_ptr<void, void (*)(void*)>;

Context make_context(const MungeFunctions& call, const Munge::Options& options) {
  Context context(call.create(), call.destroy);
  if (context != nullptr && !options.socket.empty()) {
    (void)call.set(context.get(), kMungeOptionSocket, options.socket.c_str());
  }
  return context;
}

std::string detail(const MungeFunctions& call, MungeContext* context, MungeCode code) {
  const char* const more = context != nullptr ? call.context_error(context) : nullptr;
  return more != nullptr ? more : call.error_text(code);
}

std::string why_not_good(MungeCode code) {
  switch (code) {
    case MungeCode::kInvalid:
      return "was made with another key or changed on its way: the munge.key of the caller's "
             "machine must be that of the scheduler's";
    case MungeCode::kExpired:
      return "has expired: the clocks of the caller's machine and of the scheduler's differ, or "
             "the call was held up; see that both keep the time, and try again";
    case MungeCode::kRewound:
      return "comes from the future: the clock of the caller's machine goes ahead of the "
             "scheduler's; see that both keep the time";
    case MungeCode::kReplayed:
      return "was used before, and each is good for one call: run the command again, and tell the "
             "operators where it happens again, since somebody may repeat your calls";
    case MungeCode::kUnauthorized:
      return "is for another user than the scheduler's to read: take no UID restriction for it";
    case MungeCode::kBadRealm: return "is of another MUNGE realm than the scheduler's";
    default: return {};
  }
}

}  // namespace

Result<Munge> Munge::open(Options options) {
  Result<MungeLibrary> library = MungeLibrary::load(options.library);
  if (!library) return fail(library.error());
  return Munge(std::move(options), *std::move(library));
}

Munge::Munge(Options options, MungeLibrary library)
    : options_(std::move(options)), library_(std::move(library)) {}

Result<std::string> Munge::encode(std::string_view payload) const {
  const MungeFunctions& call = library_.call();
  const Context context = make_context(call, options_);
  char* text = nullptr;
  const MungeCode code =
      call.encode(&text, context.get(), payload.data(), static_cast<int>(payload.size()));
  const Bytes held(text, std::free);
  if (code == MungeCode::kSuccess) return std::string(text);
  return fail(ErrorCode::kIo, "munged on this machine gives no credential (" +
                                  detail(call, context.get(), code) +
                                  "): start it (systemctl start munge), or ask the operators");
}

Result<Munge::Proven> Munge::decode(const std::string& credential) const {
  const MungeFunctions& call = library_.call();
  const Context context = make_context(call, options_);
  void* bytes = nullptr;
  int size = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  const MungeCode code = call.decode(credential.c_str(), context.get(), &bytes, &size, &uid, &gid);
  const Bytes held(bytes, std::free);
  if (code == MungeCode::kSuccess) {
    return Proven{uid, gid, std::string(static_cast<const char*>(bytes), std::size_t(size))};
  }
  if (code == MungeCode::kSocket) {
    return fail(ErrorCode::kUnavailable, "munged on the scheduler's machine does not answer (" +
                                             detail(call, context.get(), code) +
                                             "): tell the operators, and try again");
  }
  const std::string why = why_not_good(code);
  return fail(ErrorCode::kPermission, why.empty()
                                          ? "the MUNGE credential of this call cannot be read (" +
                                                detail(call, context.get(), code) +
                                                "): is MUNGE on both machines of one version?"
                                          : "the MUNGE credential of this call " + why);
}

}  // namespace usine::identity
