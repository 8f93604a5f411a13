#include "scheduler/daemon/startup.h"

#include <utility>

#include <spdlog/spdlog.h>

#include "common/os/system_clock.h"
#include "scheduler/daemon/munge_users.h"

namespace usine::daemon {
namespace {

struct Identity {
  std::unique_ptr<const Authenticator> users;
  std::string agent_secret;
  std::optional<identity::TlsFolder> tls;
};

Result<std::optional<identity::TlsFolder>> open_tls(const std::string& folder) {
  if (folder.empty()) return std::nullopt;
  auto read = identity::read_tls_folder(folder, identity::kSchedulerName);
  if (!read) return fail(read.error());
  return *std::move(read);
}

Result<std::unique_ptr<const Authenticator>> open_users(const config::ClusterFile& file) {
  std::unique_ptr<const Authenticator> tokens;
  std::unique_ptr<const Authenticator> munge;
  const config::IdentityConfig& identity = file.listen.identity;
  const std::vector<std::string>& operators = file.cluster.operators;
  if (!file.listen.token_file.empty()) {
    Result<TokenFile> opened = TokenFile::open(file.listen.token_file, operators);
    if (!opened) return fail(opened.error());
    tokens = std::make_unique<const TokenFile>(*std::move(opened));
  }
  if (identity.munge) {
    Result<identity::Munge> library = identity::Munge::open({identity.munge_socket});
    if (!library) return fail(library.error().within("authentication by MUNGE"));
    munge = std::make_unique<const MungeUsers>(*std::move(library), file.cluster.name, operators);
  }
  return std::make_unique<const Authentication>(std::move(tokens), std::move(munge));
}

Result<Identity> open_identity(const config::ClusterFile& file) {
  auto users = open_users(file);
  if (!users) return fail(users.error());
  const Result<std::string> fresh = random_hex_secret();
  if (!fresh) return fail(fresh.error());
  Result<std::string> secret = read_or_make_secret(file.listen.agent_secret_file, *fresh);
  if (!secret) return fail(secret.error());
  auto tls = open_tls(file.listen.identity.tls_folder);
  if (!tls) return fail(tls.error());
  return Identity{*std::move(users), *std::move(secret), *std::move(tls)};
}

Result<std::unique_ptr<store::SqliteJournal>> open_journal(const store::StoreFile& file) {
  Result<store::SqliteJournal> journal = store::SqliteJournal::open(file);
  if (!journal) return fail(journal.error());
  return std::make_unique<store::SqliteJournal>(*std::move(journal));
}

struct Recovered {
  Epoch epoch;
  Engine engine;
  std::string digest;
};

// The start of the epoch is committed here, while a failure is still an error of starting.
Result<Recovered> recover_engine(Journal& journal, const ClusterConfig& cluster) {
  Result<State> state = recover(journal);
  if (!state) return fail(state.error());
  const Result<Epoch> epoch = journal.open_epoch();
  if (!epoch) return fail(epoch.error());
  const Result<std::string> uuid = random_uuid();
  if (!uuid) return fail(uuid.error());
  std::string recovered_digest = digest(*state);
  const bool is_fresh = state->config == nullptr;
  EngineStart start{*epoch, std::make_shared<const ClusterConfig>(cluster), *uuid};
  Engine engine(*std::move(state), start, os::SystemWallClock().now());
  if (!engine.configured()) {
    if (is_fresh) return fail(engine.configured().error());
    spdlog::error("event=configuration_refused error=\"{}\" effect=\"the old one stays\"",
                  engine.configured().error().message);
  }
  const Batch first = engine.take_batch();
  if (const Status committed = journal.commit(*epoch, first.expected, first.commit); !committed) {
    return fail(committed.error());
  }
  return Recovered{*epoch, std::move(engine), std::move(recovered_digest)};
}

}  // namespace

Result<Opened> open(Settings settings) {
  Result<Identity> identity = open_identity(settings.file);
  if (!identity) return fail(identity.error());
  auto journal = open_journal(settings.store);
  if (!journal) return fail(journal.error());
  Result<Recovered> recovered = recover_engine(**journal, settings.file.cluster);
  if (!recovered) return fail(recovered.error());
  auto blobs = open_journal(settings.store);
  if (!blobs) return fail(blobs.error());
  Result<store::HistoryReader> history = store::HistoryReader::open(settings.store);
  if (!history) return fail(history.error());
  const State& state = recovered->engine.state();
  spdlog::info("event=recovered cluster={} epoch={} sequence={} jobs={} digest={}",
               state.cluster_uuid, recovered->epoch.value, state.sequence.value, state.jobs.size(),
               recovered->digest);
  return Opened{std::move(settings),
                std::move(identity->users),
                identity->agent_secret,
                std::move(identity->tls),
                JobKeys(identity->agent_secret),
                *std::move(journal),
                *std::move(blobs),
                *std::move(history),
                recovered->epoch,
                std::move(recovered->engine),
                std::move(recovered->digest)};
}

}  // namespace usine::daemon
