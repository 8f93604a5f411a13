#include "identity/tls_folder.h"

#include <filesystem>
#include <sys/stat.h>
#include <utility>

#include "common/os/files.h"

namespace usine::identity {
namespace {

Result<std::string> read_part(const std::string& path) {
  Result<std::string> text = os::read_file(path);
  if (!text && text.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kNotFound,
                "there is no " + path + ": `usine cluster init` makes such folders");
  }
  return text;
}

Status check_key_file(const std::string& path) {
  struct stat found{};
  const bool open_to_others = ::stat(path.c_str(), &found) == 0 && (found.st_mode & 077) != 0;
  if (!open_to_others) return {};
  return fail(ErrorCode::kPermission,
              path + " can be read by others: run 'chmod 600 " + path + "'");
}

Status check_certificate(const std::string& path, const TlsFolder& folder,
                         const std::string& name) {
  const Result<CertificateFacts> facts = read_certificate(folder.own.certificate);
  if (!facts) return fail(facts.error().within(path));
  if (facts->name != name) {
    return fail(ErrorCode::kInvalid, path + " is the certificate of '" + facts->name +
                                         "' and not of '" + name +
                                         "': each has a folder of its own");
  }
  if (facts->expires < std::chrono::system_clock::now()) {
    return fail(ErrorCode::kInvalid,
                path + " has expired: `usine cluster add-node --replace` makes a new one");
  }
  if (belong_together(folder.own)) return {};
  return fail(ErrorCode::kInvalid, path + " does not go with the key beside it: copy both anew");
}

}  // namespace

Result<TlsFolder> read_tls_folder(const std::string& folder, const std::string& name) {
  if (const Status closed = check_key_file(folder + "/own.key"); !closed) {
    return fail(closed.error());
  }
  Result<std::string> authority = read_part(folder + "/ca.crt");
  if (!authority) return fail(authority.error());
  Result<std::string> certificate = read_part(folder + "/own.crt");
  if (!certificate) return fail(certificate.error());
  Result<std::string> key = read_part(folder + "/own.key");
  if (!key) return fail(key.error());
  if (const auto read = read_certificate(*authority); !read) {
    return fail(read.error().within(folder + "/ca.crt"));
  }
  TlsFolder read{*std::move(authority), {*std::move(certificate), *std::move(key)}, name};
  const Status sound = check_certificate(folder + "/own.crt", read, name);
  if (!sound) return fail(sound.error());
  return read;
}

Status write_tls_folder(const std::string& folder, const std::string& authority,
                        const KeyPair& own) {
  constexpr mode_t kForAll = 0644;
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(ErrorCode::kIo, "making " + folder + ": " + error.message());
  Status done = os::write_file_durably(folder + "/own.key", own.key);
  if (done) done = os::write_file_durably(folder + "/own.crt", own.certificate, kForAll);
  if (done) done = os::write_file_durably(folder + "/ca.crt", authority, kForAll);
  return done;
}

}  // namespace usine::identity
