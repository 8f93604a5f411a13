#include "cli/target.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/user.h"
#include "common/os/files.h"
#include "config/cluster_file.h"

namespace usine::cli {
namespace {

std::optional<std::string> environment(const char* name) {
  const char* const value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// The line of the token file that is the user's, else its first.
std::string credential_of(const std::string& content, const std::string& user) {
  for (std::size_t begin = 0; begin < content.size();) {
    const std::size_t end = std::min(content.find('\n', begin), content.size());
    const std::string line = content.substr(begin, end - begin);
    if (line.starts_with(user + ':')) return line;
    begin = end + 1;
  }
  return first_line(content);
}

Result<std::string> read_credential(const std::string& path) {
  const auto content = os::read_file(path);
  if (content) return credential_of(*content, current_user().name);
  if (content.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kUnavailable, "there is no token " + path +
                                             ": name a cluster with --state or --config, or start "
                                             "one with `usine up`");
  }
  return fail(content.error());
}

// What proves us, and to whom it does.
struct Proof {
  std::string credential;
  std::optional<MungeTarget> munge;
};

Result<Proof> token_proof(const std::string& file) {
  const auto own = environment("USINE_TOKEN_FILE");
  const auto credential = read_credential(own.value_or(file));
  if (!credential) return fail(credential.error());
  return Proof{*credential, std::nullopt};
}

Result<Proof> proof_of(const config::ClusterFile& file) {
  const config::ListenConfig& listen = file.listen;
  if (!listen.identity.munge || environment("USINE_TOKEN_FILE")) {
    return token_proof(listen.token_file);
  }
  return Proof{{}, MungeTarget{file.cluster.name, listen.identity.munge_socket}};
}

// The address of the scheduler that lives in a state folder.
Result<std::string> address_in(const std::string& folder) {
  const auto address = os::read_file(folder + "/scheduler.address");
  if (!address && address.error().code == ErrorCode::kNotFound) {
    return fail(ErrorCode::kUnavailable, "no scheduler runs on " + folder +
                                             ": start it with `usine up --state " + folder + "`");
  }
  if (!address) return fail(address.error());
  return first_line(*address);
}

Result<Target> target_of_folder(const std::string& folder) {
  const auto address = address_in(folder);
  if (!address) return fail(address.error());
  const auto proof = token_proof(folder + "/token");
  if (!proof) return fail(proof.error());
  return Target{*address, proof->credential, "start it with `usine up --state " + folder + "`"};
}

Result<Target> target_of_config(const std::string& path) {
  const auto file = config::load_cluster_file(path);
  if (!file) return fail(discovery::to_error(file.error()));
  const config::ListenConfig& listen = file->listen;
  const auto address = address_in(listen.state_folder);
  // The scheduler's folder may be on another machine: the address is in the file then.
  const bool elsewhere = !address && !listen.listen_address.ends_with(":0");
  if (!address && !elsewhere) return fail(address.error());
  const auto proof = proof_of(*file);
  if (!proof) return fail(proof.error());
  Target target{address.value_or(listen.listen_address), proof->credential,
                "see whether usine-scheduler runs there", proof->munge};
  if (listen.identity.ca_file.empty()) return target;
  auto authority = os::read_file(listen.identity.ca_file);
  if (!authority) return fail(authority.error().within("the certificate of the cluster's CA"));
  target.authority = *std::move(authority);
  return target;
}

}  // namespace

Result<std::string> state_folder(const std::optional<std::string>& given) {
  auto folder = given ? given : environment("USINE_STATE");
  if (!folder) {
    const std::string home = current_user().home;
    if (home.empty()) return fail(ErrorCode::kInvalid, "there is no home folder: use --state DIR");
    folder = home + "/.local/state/usine";
  }
  if (folder->empty()) return fail(ErrorCode::kInvalid, "--state needs a folder");
  std::error_code error;
  const auto path = std::filesystem::absolute(*folder, error).lexically_normal();
  if (error) return fail(ErrorCode::kIo, *folder + ": " + error.message());
  // "x/" and "x" are one folder, and its path stands in process lists and messages.
  return (path.has_filename() ? path : path.parent_path()).string();
}

Result<Target> find_target(const TargetOptions& options) {
  if (options.config) return target_of_config(*options.config);
  const auto config = environment("USINE_CONFIG");
  const bool by_folder = options.state || options.scheduler || environment("USINE_STATE");
  if (config && !by_folder) return target_of_config(*config);
  const auto folder = state_folder(options.state);
  if (!folder) return fail(folder.error());
  if (!options.scheduler) return target_of_folder(*folder);
  const auto proof = token_proof(*folder + "/token");
  if (!proof) return fail(proof.error());
  return Target{*options.scheduler, proof->credential, "see whether usine-scheduler runs there"};
}

}  // namespace usine::cli
