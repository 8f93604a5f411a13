// The certificates by which the scheduler and the agents of one cluster know each other, made by a
// CA of the cluster's own. A name in a certificate is the name of a node, or kSchedulerName.
#pragma once

#include <chrono>
#include <string>

#include "common/result.h"

namespace usine::identity {

// In the scheduler's certificate, whatever its host is called; no node may have this name.
inline constexpr char kSchedulerName[] = "usine-scheduler";

struct KeyPair {
  std::string certificate;  // PEM
  std::string key;          // PEM, PKCS 8
};

// EC keys on P-256. Error of both: kIo, where OpenSSL fails.
[[nodiscard]] Result<KeyPair> make_authority(const std::string& cluster);

enum class CertificateUse { kScheduler, kAgent };  // a TLS server; a TLS client

struct CertificateOrder {
  CertificateUse use = CertificateUse::kAgent;
  std::string name;
  std::chrono::days valid{3650};
};
// Error: kInvalid for a name that is no name of a host, or an authority that does not read.
[[nodiscard]] Result<KeyPair> issue(const KeyPair& authority, const CertificateOrder& order);

// What a certificate says of itself. Error: kInvalid where it is none.
struct CertificateFacts {
  std::string name;  // the first in its list of names
  std::chrono::system_clock::time_point expires;
};
[[nodiscard]] Result<CertificateFacts> read_certificate(const std::string& pem);
// Whether the key is the certificate's.
[[nodiscard]] bool belong_together(const KeyPair& pair);

}  // namespace usine::identity
