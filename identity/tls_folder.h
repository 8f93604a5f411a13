// The folder from which a scheduler or an agent takes what proves it on the wire: `ca.crt` of the
// cluster, `own.crt` and `own.key`. `usine cluster init` makes them.
#pragma once

#include <string>

#include "common/result.h"
#include "identity/certificates.h"

namespace usine::identity {

struct TlsFolder {
  std::string authority;  // the CA's certificate, PEM
  KeyPair own;
  std::string name;  // in the own certificate
};

// Errors name the file and say what to do: kNotFound; kPermission where others may read the key;
// kInvalid for a file that is not what it should be, a key of another certificate, a certificate
// that has expired or is of another name than `name`.
[[nodiscard]] Result<TlsFolder> read_tls_folder(const std::string& folder, const std::string& name);

// Makes the folder (mode 0755) where it is missing, its key with mode 0600. Error: kIo.
[[nodiscard]] Status write_tls_folder(const std::string& folder, const std::string& authority,
                                      const KeyPair& own);

}  // namespace usine::identity
