#include "scheduler/daemon/secrets.h"

#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <span>
#include <sys/random.h>
#include <sys/stat.h>

#include "common/digest.h"
#include "common/os/files.h"
#include "common/os/os_error.h"

namespace usine::daemon {
namespace {

template <std::size_t N>
Result<std::array<unsigned char, N>> random_bytes() {
  std::array<unsigned char, N> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(N)) {
    return fail(os::os_error("asking the system for random bytes"));
  }
  return bytes;
}

}  // namespace

Result<std::string> random_hex_secret() {
  const auto bytes = random_bytes<32>();
  if (!bytes) return fail(bytes.error());
  return to_hex(*bytes);
}

Result<std::string> random_uuid() {
  auto bytes = random_bytes<16>();
  if (!bytes) return fail(bytes.error());
  (*bytes)[6] = static_cast<unsigned char>(((*bytes)[6] & 0x0F) | 0x40);  // version 4
  (*bytes)[8] = static_cast<unsigned char>(((*bytes)[8] & 0x3F) | 0x80);  // variant 1
  std::string text = to_hex(*bytes);
  for (const std::size_t at : {20u, 16u, 12u, 8u}) text.insert(at, 1, '-');
  return text;
}

Result<std::string> read_or_make_secret(const std::string& path, const std::string& fresh) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) {
    if (const Status made = os::write_file_durably(path, fresh + '\n', 0600); !made) {
      return fail(made.error());
    }
    return fresh;
  }
  if ((found.st_mode & 077) != 0) {
    return fail(ErrorCode::kPermission,
                path + " can be read by others: run 'chmod 600 " + path + "'");
  }
  Result<std::string> content = os::read_file(path);
  if (!content) return fail(content.error());
  while (!content->empty() && content->back() == '\n') content->pop_back();
  if (content->empty()) {
    return fail(ErrorCode::kInvalid, path + " is empty: remove it, and a new one is made");
  }
  return content;
}

std::string fast_sha256_hex(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  return to_hex(hash);
}

bool equal_secrets(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string JobKeys::key_of(AttemptKey attempt) const {
  const std::string text =
      std::to_string(attempt.job.value) + '.' + std::to_string(attempt.attempt.value);
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), cluster_secret_.data(), static_cast<int>(cluster_secret_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  return to_hex(std::span(mac).first(size));
}

}  // namespace usine::daemon
