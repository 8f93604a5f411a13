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

std::optional<Caller> caller_named(const std::string& user) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kPasswdBytes> buffer{};
  ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  return Caller{user, entry.pw_uid, entry.pw_gid, false};
}

// The user of this process; by number where the system has no name for it (containers).
std::string own_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, kPasswdBytes> buffer{};
  ::getpwuid_r(::geteuid(), &entry, buffer.data(), buffer.size(), &found);
  return found == nullptr ? std::to_string(::geteuid()) : std::string(entry.pw_name);
}

std::optional<Caller> caller_of(const std::string& user) {
  if (user == own_name()) return Caller{user, ::geteuid(), ::getegid(), true};
  return caller_named(user);
}

}  // namespace

Result<TokenFile> TokenFile::open(const std::string& path,
                                  const std::vector<std::string>& operators) {
  const Result<std::string> fresh = random_hex_secret();
  if (!fresh) return fail(fresh.error());
  const Result<std::string> content = read_or_make_secret(path, own_name() + ':' + *fresh);
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
    std::optional<Caller> caller = caller_of(line.substr(0, colon));
    if (!caller) {
      return fail(ErrorCode::kInvalid,
                  path + ": this system knows no user '" + line.substr(0, colon) + "'");
    }
    caller->is_operator |= std::ranges::find(operators, caller->user) != operators.end();
    entries.push_back({line, *std::move(caller)});
  }
  return TokenFile(path, std::move(entries));
}

TokenFile::TokenFile(std::string path, std::vector<Entry> entries)
    : path_(std::move(path)), entries_(std::move(entries)) {}

Result<Caller> TokenFile::authenticate(std::string_view credential) const {
  // Every entry is compared, so that the time taken does not tell which one was near.
  const Entry* proven = nullptr;
  for (const Entry& entry : entries_) {
    if (equal_secrets(entry.credential, credential)) proven = &entry;
  }
  if (proven != nullptr) return proven->caller;
  const std::string what = credential.empty() ? "no token came with this call"
                                              : "the token of this call is not one of this cluster";
  return fail(ErrorCode::kPermission,
              what + ": use the one in " + path_ + " (--state or USINE_STATE names its folder)");
}

}  // namespace usine::daemon
