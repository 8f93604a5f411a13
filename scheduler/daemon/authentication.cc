#include "scheduler/daemon/authentication.h"

#include <algorithm>
#include <array>
#include <optional>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include "scheduler/daemon/secrets.h"

namespace usine::daemon {
namespace {

constexpr std::size_t kPasswdBytes = 16384;  // of one entry of the user database

// What the system's user database says; `ask` is one of its functions that fill an entry.
template <typename Ask>
std::optional<Caller> known_user(const Ask& ask) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kPasswdBytes> buffer{};
  ask(&entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return Caller{entry.pw_name, entry.pw_uid, entry.pw_gid, false};
}

std::optional<Caller> known_user(std::uint32_t uid) {
  return known_user([uid](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    ::getpwuid_r(uid, entry, buffer, size, found);
  });
}

// The user of this process; by number where the system has no name for it (containers).
Caller own_user() {
  const std::optional<Caller> known = known_user(::geteuid());
  const std::string name = known ? known->user : std::to_string(::geteuid());
  return {name, ::geteuid(), ::getegid(), true};
}

Caller with_rights(Caller caller, const std::vector<std::string>& operators) {
  caller.is_operator |= std::ranges::find(operators, caller.user) != operators.end();
  return caller;
}

}  // namespace

Result<Caller> caller_named(const std::string& user, const std::vector<std::string>& operators) {
  if (Caller own = own_user(); own.user == user) return own;
  auto known = known_user([&user](passwd* entry, char* buffer, std::size_t size, passwd** found) {
    ::getpwnam_r(user.c_str(), entry, buffer, size, found);
  });
  if (known) return with_rights(*std::move(known), operators);
  return fail(ErrorCode::kNotFound, "this system knows no user '" + user + "'");
}

Result<Caller> caller_with(std::uint32_t uid, const std::vector<std::string>& operators) {
  if (uid == ::geteuid()) return own_user();
  auto known = known_user(uid);
  if (known) return with_rights(*std::move(known), operators);
  return fail(ErrorCode::kNotFound,
              "this system knows no user with the number " + std::to_string(uid));
}

Result<TokenFile> TokenFile::open(const std::string& path,
                                  const std::vector<std::string>& operators) {
  const Result<std::string> fresh = random_hex_secret();
  if (!fresh) return fail(fresh.error());
  const Result<std::string> content = read_or_make_secret(path, own_user().user + ':' + *fresh);
  if (!content) return fail(content.error());
  std::vector<Entry> entries;
  for (std::size_t begin = 0; begin < content->size();) {
    const std::size_t end = std::min(content->find('\n', begin), content->size());
    const std::string line = content->substr(begin, end - begin);
    begin = end + 1;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0 || colon + 1 == line.size()) {
      return fail(ErrorCode::kInvalid, path + ": a line is not of the form user:token");
    }
    Result<Caller> caller = caller_named(line.substr(0, colon), operators);
    if (!caller) return fail(ErrorCode::kInvalid, path + ": " + caller.error().message);
    entries.push_back({line, *std::move(caller)});
  }
  return TokenFile(path, std::move(entries));
}

TokenFile::TokenFile(std::string path, std::vector<Entry> entries)
    : path_(std::move(path)), entries_(std::move(entries)) {}

Result<Caller> TokenFile::authenticate(const Evidence& evidence) const {
  // Every entry is compared, so that the time taken does not tell which one was near.
  const Entry* proven = nullptr;
  for (const Entry& entry : entries_) {
    if (equal_secrets(entry.credential, evidence.token)) proven = &entry;
  }
  if (proven != nullptr) return proven->caller;
  const std::string what = evidence.token.empty()
                               ? "no token came with this call"
                               : "the token of this call is not one of this cluster";
  return fail(ErrorCode::kPermission,
              what + ": use the one in " + path_ + " (--state or USINE_STATE names its folder)");
}

Result<Caller> Authentication::authenticate(const Evidence& evidence) const {
  if (!evidence.munge.empty() && munge_ == nullptr) {
    return fail(ErrorCode::kPermission,
                "this cluster takes no MUNGE credentials, its users prove themselves by tokens: "
                "use the cluster file of its scheduler (--config or USINE_CONFIG)");
  }
  if (!evidence.munge.empty()) return munge_->authenticate(evidence);
  if (tokens_ != nullptr && (munge_ == nullptr || !evidence.token.empty())) {
    return tokens_->authenticate(evidence);
  }
  return fail(ErrorCode::kPermission,
              "this cluster knows its users by MUNGE, and no credential came with this call: use "
              "its cluster file (--config or USINE_CONFIG)");
}

}  // namespace usine::daemon
