// Who makes a call. The port that every user's call goes through, and its forms: a private file of
// tokens (`usine up`, service users), MUNGE (munge_users.h), and both of them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "model/caller.h"

namespace usine::daemon {

// What came with a call to prove its caller, and what it must have been made for.
struct Evidence {
  std::string token;  // the metadata "usine-token"; empty: there was none
  std::string munge;  // the metadata "usine-munge"; empty: there was none
  std::string method;
  std::string request;  // its bytes; only beside `munge`
};

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // The caller that the evidence proves. Errors: kPermission with what to do; kUnavailable where
  // it cannot be judged now. Any thread.
  [[nodiscard]] virtual Result<Caller> authenticate(const Evidence& evidence) const = 0;

  // Whether authenticate() would wait for another process, so that no loop's thread should call it.
  [[nodiscard]] virtual bool waits_for(const Evidence&) const { return false; }
};

// The user of that name; this process's own also where the system has no name for it. Error:
// kNotFound.
[[nodiscard]] Result<Caller> caller_named(const std::string& user,
                                          const std::vector<std::string>& operators);
// The same by number.
[[nodiscard]] Result<Caller> caller_with(std::uint32_t uid,
                                         const std::vector<std::string>& operators);

// Lines "user:token" of a file that only its owner can read. The owner of the file is an operator,
// and so are the users that the configuration names.
class TokenFile final : public Authenticator {
 public:
  // Reads the file, or makes it with one token for the user of this process. Errors as
  // read_or_make_secret; kInvalid for a line of another form or a user that the system does not
  // know.
  [[nodiscard]] static Result<TokenFile> open(const std::string& path,
                                              const std::vector<std::string>& operators);

  [[nodiscard]] Result<Caller> authenticate(const Evidence& evidence) const override;

 private:
  struct Entry {
    std::string credential;  // the whole line
    Caller caller;
  };

  TokenFile(std::string path, std::vector<Entry> entries);

  std::string path_;
  std::vector<Entry> entries_;
};

// Judges each kind of evidence by the part that knows it; null: that kind proves nothing here.
class Authentication final : public Authenticator {
 public:
  Authentication(std::unique_ptr<const Authenticator> tokens,
                 std::unique_ptr<const Authenticator> munge)
      : tokens_(std::move(tokens)), munge_(std::move(munge)) {}

  [[nodiscard]] Result<Caller> authenticate(const Evidence& evidence) const override;
  [[nodiscard]] bool waits_for(const Evidence& evidence) const override {
    return munge_ != nullptr && !evidence.munge.empty();
  }

 private:
  std::unique_ptr<const Authenticator> tokens_;
  std::unique_ptr<const Authenticator> munge_;
};

}  // namespace usine::daemon
