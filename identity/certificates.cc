#include "identity/certificates.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>
#include <memory>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string_view>

namespace usine::identity {
namespace {

constexpr std::chrono::days kAuthorityValid{20 * 365};
// Clocks of nodes may be behind the one on which a certificate is made.
constexpr long kBackdatedS = 3600;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;
using Stream = std::unique_ptr<BIO, Freer<BIO_free_all>>;

std::unexpected<Error> openssl_failed(const std::string& what) {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_get_error(), text.data(), text.size());
  return fail(ErrorCode::kIo, what + ": " + text.data());
}

std::string content_of(BIO* stream) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(stream, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

Result<KeyPair> as_text(X509* certificate, EVP_PKEY* key) {
  const Stream first(BIO_new(BIO_s_mem()));
  const Stream second(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(first.get(), certificate) != 1 ||
      PEM_write_bio_PKCS8PrivateKey(second.get(), key, nullptr, nullptr, 0, nullptr, nullptr) !=
          1) {
    return openssl_failed("writing a certificate");
  }
  return KeyPair{content_of(first.get()), content_of(second.get())};
}

Stream reading(const std::string& text) {
  return Stream(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Certificate parse_certificate(const std::string& pem) {
  return Certificate(PEM_read_bio_X509(reading(pem).get(), nullptr, nullptr, nullptr));
}

Key parse_key(const std::string& pem) {
  return Key(PEM_read_bio_PrivateKey(reading(pem).get(), nullptr, nullptr, nullptr));
}

bool set_name(X509_NAME* name, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

bool set_serial(X509* certificate) {
  std::array<unsigned char, 16> bytes{};
  if (RAND_bytes(bytes.data(), bytes.size()) != 1) return false;
  bytes[0] &= 0x7F;  // a positive number
  BIGNUM* const number = BN_bin2bn(bytes.data(), bytes.size(), nullptr);
  const bool set = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
  BN_free(number);
  return set;
}

bool add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  return extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1;
}

// What all certificates share; the issuer's name and the signature are still missing.
bool fill(X509* certificate, EVP_PKEY* key, const std::string& name, std::chrono::days valid) {
  constexpr long kDayS = 24L * 3600;
  return X509_set_version(certificate, 2) == 1 && set_serial(certificate) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -kBackdatedS) != nullptr &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), valid.count() * kDayS) != nullptr &&
         set_name(X509_get_subject_name(certificate), name) &&
         X509_set_pubkey(certificate, key) == 1;
}

bool is_host_name(std::string_view name) {
  constexpr std::size_t kNameMax = 253;
  return !name.empty() && name.size() <= kNameMax && name.front() != '.' &&
         std::ranges::all_of(name, [](char c) {
           return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ||
                  c == '_';
         });
}

}  // namespace

Result<KeyPair> make_authority(const std::string& cluster) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  X509* const own = made.get();
  const bool sound = key != nullptr && own != nullptr &&
                     fill(own, key.get(), "Usine cluster " + cluster, kAuthorityValid) &&
                     X509_set_issuer_name(own, X509_get_subject_name(own)) == 1 &&
                     add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
                     add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") &&
                     add_extension(own, own, NID_subject_key_identifier, "hash") &&
                     X509_sign(own, key.get(), EVP_sha256()) != 0;
  if (!sound) return openssl_failed("making the cluster's certificate");
  return as_text(own, key.get());
}

Result<KeyPair> issue(const KeyPair& authority, const CertificateOrder& order) {
  if (!is_host_name(order.name)) {
    return fail(ErrorCode::kInvalid, "'" + order.name +
                                         "' is no name of a host: letters, digits, "
                                         "'-', '_' and '.' are taken");
  }
  const Certificate issuer = parse_certificate(authority.certificate);
  const Key issuer_key = parse_key(authority.key);
  if (issuer == nullptr || issuer_key == nullptr) {
    return fail(ErrorCode::kInvalid, "the cluster's CA does not read: its files are damaged");
  }
  const Key key(EVP_EC_gen("P-256"));
  const Certificate made(X509_new());
  X509* const own = made.get();
  const char* const purpose = order.use == CertificateUse::kScheduler ? "serverAuth" : "clientAuth";
  const bool sound =
      key != nullptr && own != nullptr && fill(own, key.get(), order.name, order.valid) &&
      X509_set_issuer_name(own, X509_get_subject_name(issuer.get())) == 1 &&
      add_extension(own, issuer.get(), NID_basic_constraints, "critical,CA:FALSE") &&
      add_extension(own, issuer.get(), NID_key_usage, "critical,digitalSignature") &&
      add_extension(own, issuer.get(), NID_ext_key_usage, purpose) &&
      add_extension(own, issuer.get(), NID_authority_key_identifier, "keyid") &&
      add_extension(own, issuer.get(), NID_subject_alt_name, ("DNS:" + order.name).c_str()) &&
      X509_sign(own, issuer_key.get(), EVP_sha256()) != 0;
  if (!sound) return openssl_failed("making the certificate of " + order.name);
  return as_text(own, key.get());
}

Result<CertificateFacts> read_certificate(const std::string& pem) {
  const Certificate certificate = parse_certificate(pem);
  if (certificate == nullptr) return fail(ErrorCode::kInvalid, "holds no certificate in PEM");
  CertificateFacts facts;
  auto* const names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; facts.name.empty() && i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_DNS) continue;
    facts.name.assign(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                      static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  GENERAL_NAMES_free(names);
  std::tm until{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &until) != 1) {
    return fail(ErrorCode::kInvalid, "holds a certificate without an end");
  }
  facts.expires = std::chrono::system_clock::from_time_t(::timegm(&until));
  return facts;
}

bool belong_together(const KeyPair& pair) {
  const Certificate certificate = parse_certificate(pair.certificate);
  const Key key = parse_key(pair.key);
  return certificate != nullptr && key != nullptr &&
         X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace usine::identity
