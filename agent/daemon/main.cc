// usine-agent: runs a node's part of the cluster's jobs.
#include <fcntl.h>
#include <iostream>
#include <memory>
#include <optional>
#include <pwd.h>
#include <unistd.h>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/daemon/agent.h"
#include "agent/daemon/inventory.h"
#include "agent/daemon/membership.h"
#include "agent/daemon/options.h"
#include "common/os/file_lock.h"
#include "common/os/files.h"
#include "common/os/os_error.h"
#include "common/os/processes.h"

namespace {

using namespace usine;

constexpr int kRefused = 1;
constexpr int kWrongUsage = 2;

Result<identity::AgentProof> read_proof(const agent::AgentOptions& options) {
  if (!options.tls_folder.empty()) {
    Result<identity::TlsFolder> tls = identity::read_tls_folder(options.tls_folder, options.node);
    if (!tls) return fail(tls.error());
    return identity::AgentProof{{}, *std::move(tls)};
  }
  Result<std::string> secret = os::read_file(options.secret_file);
  if (!secret) return fail(secret.error().within("the cluster secret"));
  secret->erase(secret->find_last_not_of(" \t\r\n") + 1);
  return identity::AgentProof{*std::move(secret), {}};
}

// Without root's rights this process can be no other user.
std::optional<agent::OwnUser> find_only_user() {
  if (::geteuid() == 0) return std::nullopt;
  const passwd* const known = ::getpwuid(::geteuid());
  return agent::OwnUser{::geteuid(),
                        known != nullptr ? known->pw_name : std::to_string(::geteuid())};
}

agent::SiteScripts scripts_of(const agent::AgentOptions& options) {
  return {options.prolog.path.empty() ? Millis{0} : options.prolog.limit,
          !options.epilog.path.empty()};
}

Result<agent::Identity> find_identity(const agent::AgentOptions& options) {
  const Result<agent::Membership> membership = agent::read_membership(options.state_folder);
  if (!membership) return fail(membership.error());
  Result<NodeShape> shape = agent::find_shape(options);
  if (!shape) return fail(shape.error());
  const Result<std::string> boot_id = agent::find_boot_id();
  if (!boot_id) return fail(boot_id.error());
  return agent::Identity{options.node,
                         *boot_id,
                         membership->cluster_uuid,
                         std::make_shared<const NodeShape>(*std::move(shape)),
                         membership->epoch,
                         find_only_user(),
                         scripts_of(options)};
}

// Held for as long as this agent lives: two on one folder would each take the other's jobs for
// lost.
Result<os::UniqueFd> lock(const std::string& folder) {
  const std::string path = folder + "/lock";
  os::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail(os::os_error("opening " + path));
  if (const Status locked = os::lock_file(file.get(), os::kLockPatience); !locked) {
    return fail(ErrorCode::kRefused, "another agent runs on " + folder + ": end it first");
  }
  return file;
}

Status run(const agent::AgentOptions& options) {
  os::raise_descriptors_max();  // each job on this node takes one
  os::UniqueFd signals = agent::block_signals();
  Result<identity::AgentProof> proof = read_proof(options);
  if (!proof) return fail(proof.error());
  Result<agent::JobFolders> folders =
      agent::JobFolders::open(options.state_folder, options.run_folder);
  if (!folders) return fail(folders.error());
  const Result<os::UniqueFd> locked = lock(options.state_folder);
  if (!locked) return fail(locked.error());
  Result<agent::Identity> identity = find_identity(options);
  if (!identity) return fail(identity.error());
  Result<agent::Containment> containment =
      agent::find_containment(options, agent::bus_ids_of(*identity->shape));
  if (!containment) return fail(containment.error());
  Result<os::PollLoop> loop = os::PollLoop::open();
  if (!loop) return fail(loop.error());
  agent::Agent agent({options, *std::move(identity), *std::move(containment), *std::move(proof),
                      *std::move(folders), *std::move(loop), std::move(signals)});
  return agent.run();
}

}  // namespace

int main(int argc, char** argv) {
  const Result<agent::AgentOptions> options = agent::parse_options(argc, argv);
  if (!options) {
    std::cerr << "usine-agent: " << options.error().message << " (--help lists the options)\n";
    return kWrongUsage;
  }
  if (!options->help.empty()) {
    std::cout << options->help;
    return 0;
  }
  spdlog::set_pattern("time=%Y-%m-%dT%H:%M:%S.%eZ level=%l %v", spdlog::pattern_time_type::utc);
  spdlog::flush_on(spdlog::level::info);
  if (const Status done = run(*options); !done) {
    std::cerr << "usine-agent: " << done.error().message << '\n';
    return kRefused;
  }
  return 0;
}
