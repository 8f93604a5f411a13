// Who makes a call. The port that every user's call goes through, and the form that `usine up`
// uses: a private file of tokens. MUNGE is another implementation.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "model/caller.h"

namespace usine::daemon {

class Authenticator {
 public:
  virtual ~Authenticator() = default;

  // The caller that `credential` (the value of the metadata "usine-token") proves. Error:
  // kPermission with what to do. Any thread.
  [[nodiscard]] virtual Result<Caller> authenticate(std::string_view credential) const = 0;
};

// Lines "user:token" of a file that only its owner can read. The owner of the file is an operator,
// and so are the users that the configuration names.
class TokenFile final : public Authenticator {
 public:
  // Reads the file, or makes it with one token for the user of this process. Errors as
  // read_or_make_secret; kInvalid for a line of another form or a user that the system does not
  // know.
  [[nodiscard]] static Result<TokenFile> open(const std::string& path,
                                              const std::vector<std::string>& operators);

  [[nodiscard]] Result<Caller> authenticate(std::string_view credential) const override;

 private:
  struct Entry {
    std::string credential;  // the whole line
    Caller caller;
  };

  TokenFile(std::string path, std::vector<Entry> entries);

  std::string path_;
  std::vector<Entry> entries_;
};

}  // namespace usine::daemon
