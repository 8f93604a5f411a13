// usine-scheduler: reads its command line, holds the state folder, and serves until it is told to
// end (TERM or INT: exit status 0) or can no longer make decisions durable (1).
#include <absl/synchronization/mutex.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sys/stat.h>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "scheduler/daemon/options.h"
#include "scheduler/daemon/restore.h"
#include "scheduler/daemon/scheduler.h"
#include "scheduler/daemon/state_folder.h"

namespace usine::daemon {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

void set_up_log() {
  auto logger = std::make_shared<spdlog::logger>("usine-scheduler",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("time=%Y-%m-%dT%H:%M:%S.%e%z level=%l %v");
  spdlog::set_default_logger(std::move(logger));
}

int report(const Error& error, int status) {
  std::fprintf(stderr, "usine-scheduler: %s\n", error.message.c_str());
  return status;
}

// Signals that end us are taken by wait_for_end() alone; every thread inherits the mask.
sigset_t block_signals() {
  // A peer that is gone and a file that has reached its limit are errors of the call.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  return ending;
}

void wait_for_end(const sigset_t& ending) {
  int signal = 0;
  sigwait(&ending, &signal);
  spdlog::info("event=stopping signal={}", signal);
}

// What --state says goes before what the file says of its folder; secrets that lie in the folder go
// with it.
config::ListenConfig resolved(config::ListenConfig listen, const Options& options) {
  const std::string written = std::exchange(listen.state_folder, options.state_folder);
  if (listen.token_file == written + "/token") listen.token_file = options.state_folder + "/token";
  if (listen.agent_secret_file == written + "/agent.secret") {
    listen.agent_secret_file = options.state_folder + "/agent.secret";
  }
  if (!options.listen_address.empty()) listen.listen_address = options.listen_address;
  return listen;
}

[[noreturn]] void end_after_failed_commit(const Error& error) {
  spdlog::critical(
      "event=commit_failed error=\"{}\" effect=\"this scheduler ends; start it again "
      "once the cause is gone\"",
      error.message);
  spdlog::default_logger()->flush();
  std::_Exit(kExitFailed);
}

int serve(const Options& options) {
  ::umask(077);  // the store holds scripts and environments of every user
  const sigset_t ending = block_signals();
  auto file = config::load_cluster_file(options.config_file);
  if (!file) {
    for (const config::Problem& problem : file.error()) {
      std::fprintf(stderr, "usine-scheduler: %s\n", discovery::to_string(problem).c_str());
    }
    return kExitFailed;
  }
  const Result<StateFolder> folder = StateFolder::open(options.state_folder);
  if (!folder) return report(folder.error(), kExitFailed);
  ConfigSource source{options.config_file, *file};
  file->listen = resolved(file->listen, options);
  const std::string address = file->listen.listen_address;
  const store::StoreFile store{folder->file("usine.db"), {}, file->listen.replay_rows};
  Result<Opened> opened = open({*std::move(file), store, {}, std::move(source)});
  if (!opened) return report(opened.error(), kExitFailed);
  auto scheduler = Scheduler::start(*std::move(opened), address, end_after_failed_commit);
  if (!scheduler) return report(scheduler.error(), kExitFailed);
  if (const Status ready = folder->publish_address((*scheduler)->address()); !ready) {
    return report(ready.error(), kExitFailed);
  }
  wait_for_end(ending);
  (*scheduler)->stop();
  return 0;
}

int restore(const Options& options) {
  ::umask(077);
  const Result<StateFolder> folder = StateFolder::open(options.state_folder);
  if (!folder) return report(folder.error(), kExitFailed);
  const auto restored = restore_store(options.restore_file, *folder);
  if (!restored) return report(restored.error(), kExitFailed);
  std::fputs(restored->c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace usine::daemon

int main(int argc, char** argv) {
  using namespace usine::daemon;
  // Debian's abseil looks for cycles of locks at every lock, in lists that grow with the number of
  // connections: with thousands of agents that was most of what the scheduler did.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  set_up_log();
  const auto options = parse_options(argc, argv);
  if (!options) return report(options.error(), kExitUsage);
  if (options->help) {
    std::fputs(usage().c_str(), stdout);
    return 0;
  }
  return options->restore_file.empty() ? serve(*options) : restore(*options);
}
