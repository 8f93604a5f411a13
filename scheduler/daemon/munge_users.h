// Users proven by MUNGE: the credential of a call says which user made it, and for which call of
// which cluster, so that it is good for nothing else. Decoding waits for munged.
#pragma once

#include <string>
#include <vector>

#include "identity/munge.h"
#include "scheduler/daemon/authentication.h"

namespace usine::daemon {

class MungeUsers final : public Authenticator {
 public:
  // `cluster`: the name that credentials must be made for.
  MungeUsers(identity::Munge munge, std::string cluster, std::vector<std::string> operators)
      : munge_(std::move(munge)), cluster_(std::move(cluster)), operators_(std::move(operators)) {}

  [[nodiscard]] Result<Caller> authenticate(const Evidence& evidence) const override;

 private:
  identity::Munge munge_;
  std::string cluster_;
  std::vector<std::string> operators_;
};

}  // namespace usine::daemon
