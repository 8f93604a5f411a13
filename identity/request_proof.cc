#include "identity/request_proof.h"

#include <array>
#include <memory>
#include <openssl/evp.h>
#include <span>

#include "common/check.h"
#include "common/digest.h"

namespace usine::identity {
namespace {

// With its length in front, so that no two contents have the same bytes.
void add(EVP_MD_CTX* hash, std::string_view part) {
  const std::string size = std::to_string(part.size()) + ':';
  EVP_DigestUpdate(hash, size.data(), size.size());
  EVP_DigestUpdate(hash, part.data(), part.size());
}

}  // namespace

// By OpenSSL and not by our own SHA-256, which is for pure code: a request may have megabytes.
std::string request_proof(const CallContent& content) {
  const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> hash(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  CHECK_THAT(hash != nullptr && EVP_DigestInit_ex(hash.get(), EVP_sha256(), nullptr) == 1);
  add(hash.get(), content.cluster);
  add(hash.get(), content.method);
  add(hash.get(), content.request);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  CHECK_THAT(EVP_DigestFinal_ex(hash.get(), digest.data(), &size) == 1);
  return "usine-call-1 " + to_hex(std::span(digest).first(size));
}

}  // namespace usine::identity
