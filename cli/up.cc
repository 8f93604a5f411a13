// `usine up`: a whole cluster on this machine, of a scheduler and emulated nodes. On a folder that
// holds one it starts what is not running.
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <random>
#include <sys/file.h>

#include "cli/agent_settings.h"
#include "cli/local_cluster.h"
#include "cli/options.h"
#include "cli/startup.h"
#include "cli/take_down.h"
#include "cli/target.h"
#include "cli/terminal.h"
#include "common/os/files.h"
#include "common/os/os_error.h"
#include "common/os/sockets.h"
#include "common/os/unique_fd.h"
#include "config/up_cluster.h"

namespace usine::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kNodesMax = 4096;
constexpr std::int64_t kGpusMax = 64;
// A port that was free may be taken by another program before the scheduler has it.
constexpr int kAddressesTried = 5;

Result<config::UpOptions> wanted(const Given& given) {
  config::UpOptions options;
  const auto nodes = given.number("nodes", 1, kNodesMax);
  if (!nodes) return fail(nodes.error());
  options.nodes = static_cast<std::uint32_t>(nodes->value_or(options.nodes));
  const auto gpus = given.number("gpus-per-node", 0, kGpusMax);
  if (!gpus) return fail(gpus.error());
  options.gpus_per_node = gpus->value_or(options.gpus_per_node);
  options.like = given.value("like").value_or(options.like);
  if (fs::is_regular_file(options.like)) options.like = fs::absolute(options.like).string();
  return options;
}

// A port for this cluster to keep over restarts, so that agents find the scheduler again. Below the
// range from which the system gives ports to outgoing connections.
Result<std::string> choose_address() {
  constexpr std::uint16_t kFirst = 20'000;
  constexpr std::uint16_t kCount = 12'000;
  std::random_device random;
  const auto first = static_cast<std::uint16_t>(kFirst + random() % kCount);
  const auto port = os::find_free_port("127.0.0.1", first);
  if (!port) return fail(port.error());
  return os::to_string(os::Endpoint{"127.0.0.1", *port});
}

bool is_taken(const std::string& address) {
  const auto endpoint = os::parse_endpoint(address);
  return endpoint && !os::listen_tcp(*endpoint);
}

Status write_config(const LocalCluster& cluster, config::UpOptions options) {
  const auto address = choose_address();
  if (!address) return fail(address.error());
  options.listen_address = *address;
  const std::string text = config::up_cluster_yaml(options);
  if (const auto sound = config::parse_cluster_file(text, "--like " + options.like); !sound) {
    return fail(discovery::to_error(sound.error()));
  }
  return os::write_file_durably(cluster.config_file(), text);
}

// Loads cluster.yaml, which is written first where the folder has none.
Result<config::ClusterFile> load_or_make(const LocalCluster& cluster, const Given& given) {
  const auto options = wanted(given);
  if (!options) return fail(options.error());
  const bool known = fs::exists(cluster.config_file());
  if (!known) {
    if (const Status written = write_config(cluster, *options); !written) {
      return fail(written.error());
    }
  }
  auto file = config::load_cluster_file(cluster.config_file());
  if (!file) return fail(discovery::to_error(file.error()));
  const std::size_t nodes = file->cluster.nodes.size();
  if (known && given.flag("nodes") && nodes != options->nodes) {
    warn(cluster.folder() + " holds a cluster of " + std::to_string(nodes) +
         " nodes, which stays as it is: use another --state, or remove the folder");
  }
  return *std::move(file);
}

// Only one `usine up` at a time starts things in a folder.
Result<os::UniqueFd> lock(const LocalCluster& cluster) {
  const std::string path = cluster.folder() + "/up.lock";
  os::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file || ::flock(file.get(), LOCK_EX) != 0) return fail(os::os_error("locking " + path));
  return file;
}

// Starts whatever is not running; gives the number of nodes.
Result<std::size_t> bring_up(const LocalCluster& cluster, const Given& given) {
  if (Status made = cluster.make_folders(); !made) return fail(made.error());
  const auto locked = lock(cluster);
  if (!locked) return fail(locked.error());
  const bool known = fs::exists(cluster.config_file());
  const std::string agents_folder = cluster.folder() + "/agents";
  const auto settings = agent_settings(agents_folder, given);
  if (!settings) return fail(settings.error());
  for (int tries = 1;; ++tries) {
    const auto file = load_or_make(cluster, given);
    if (!file) return fail(file.error());
    const Status up = Startup(cluster, *file, *settings).run();
    if (up) {
      if (Status kept = keep_agent_settings(agents_folder, *settings); !kept) {
        return fail(kept.error());
      }
      return file->cluster.nodes.size();
    }
    const std::string& address = file->listen.listen_address;
    if (running_pid(cluster.scheduler()) || !is_taken(address)) return fail(up.error());
    if (known || tries == kAddressesTried) {
      return fail(ErrorCode::kRefused,
                  "another program listens on " + address +
                      ", which this cluster has had: end it, or change scheduler.listen in " +
                      cluster.config_file() + ", and run `usine up` again");
    }
    fs::remove(cluster.config_file());  // no program of ours has come to know the address
  }
}

void wait_for_interrupt() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  int caught = 0;
  sigwait(&signals, &caught);
}

// Before any thread starts, so that the signals reach sigwait() alone.
void block_interrupts() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

Options options_of_up() {
  Options options(
      "usine up [--nodes N] [--like MACHINE|FILE] [--gpus-per-node G] [--state DIR] "
      "[--detach] [--containment auto|required|none] ...",
      "Starts a cluster of emulated nodes on this machine and keeps it until Ctrl-C, or, "
      "with --detach, until `usine down`. On a folder that holds a cluster it starts what "
      "is not running and changes nothing else.",
      "usine up --nodes 4 --like dgx-h100 --detach");
  options.value("nodes", "N", "emulated nodes (default 4)")
      .value("like", "MACHINE|FILE",
             "what each is like: a machine that Usine ships (dgx-h100, ...) or the file of one")
      .value("gpus-per-node", "G", "of that machine's GPUs, only the first G")
      .value("state", "DIR", "state folder (USINE_STATE; default ~/.local/state/usine)")
      .flag("detach", "return once the cluster is up");
  add_agent_settings(options);
  return options;
}

}  // namespace

CommandResult run_up(const Words& words) {
  const auto given = options_of_up().parse(words);
  if (!given) return fail(given.error());
  if (!*given) return kExitDone;
  const auto folder = state_folder((*given)->value("state"));
  if (!folder) return fail(folder.error());
  const bool detach = (*given)->flag("detach");
  if (!detach) block_interrupts();
  const LocalCluster cluster(*folder);
  const auto nodes = bring_up(cluster, **given);
  if (!nodes) return fail(nodes.error());
  print("the cluster in " + *folder + " is up with " + std::to_string(*nodes) +
        (*nodes == 1 ? " node" : " nodes") +
        (detach ? "; `usine down` ends it\n" : "; Ctrl-C ends it\n"));
  if (detach) return kExitDone;
  std::fflush(stdout);
  wait_for_interrupt();
  print(*folder + ": " + take_down(cluster) + '\n');
  return kExitDone;
}

}  // namespace usine::cli
