// Random secrets kept in files that only their owner reads, and what is made of them. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "common/ids.h"
#include "common/result.h"

namespace usine::daemon {

// 64 hexadecimal digits from the system's generator. Error: kIo.
[[nodiscard]] Result<std::string> random_hex_secret();

// A random UUID (RFC 4122, version 4), for the cluster. Error: kIo.
[[nodiscard]] Result<std::string> random_uuid();

// The one line of the file, which is made with `fresh` (mode 0600) where it is missing. Errors:
// kPermission where others may read it, kInvalid where it is empty, kIo.
[[nodiscard]] Result<std::string> read_or_make_secret(const std::string& path,
                                                      const std::string& fresh);

// SHA-256 in hex, by the processor's own instructions where it has them: sha256() of
// common/digest.h is for pure code, and far slower.
[[nodiscard]] std::string fast_sha256_hex(std::string_view bytes);

// Whether the two are equal, in a time that tells nothing of where they differ.
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b);

// Keys of jobs: what the shepherds of one attempt, and its owner's `usine run`, prove themselves
// by.
class JobKeys {
 public:
  explicit JobKeys(std::string cluster_secret) : cluster_secret_(std::move(cluster_secret)) {}

  // HMAC-SHA256 of "job.attempt" under the cluster's secret, in hex: nothing of it need be stored.
  [[nodiscard]] std::string key_of(AttemptKey attempt) const;

 private:
  std::string cluster_secret_;
};

}  // namespace usine::daemon
