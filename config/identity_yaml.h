// The parts of a cluster file that say how users and agents prove who they are, and what users see
// of each other. Called while the file is read; mistakes are reported with their line.
#pragma once

#include <string>

#include "model/cluster.h"
#include "topology/discovery/yaml_map.h"

namespace usine::config {

struct IdentityConfig {
  bool munge = false;        // users prove themselves by MUNGE; else by tokens alone
  std::string munge_socket;  // empty: where MUNGE's library looks by itself
  std::string tls_folder;    // of the scheduler's key and certificate; empty: nothing is encrypted
  std::string ca_file;       // by which its callers know the scheduler; empty without TLS

  friend bool operator==(const IdentityConfig&, const IdentityConfig&) = default;
};

struct Authentication {
  bool munge = false;
  std::string munge_socket;
  std::string tokens;  // as written; empty: not named
};
[[nodiscard]] Authentication read_authentication(discovery::YamlMap& root);

struct TlsPaths {
  std::string folder;  // as written
  std::string ca;      // as written; empty: in the folder
};
[[nodiscard]] TlsPaths read_tls(discovery::YamlMap& root);

[[nodiscard]] PrivateData read_private_data(discovery::YamlMap& root);

}  // namespace usine::config
