#include "agent/shepherd/pmix_server.h"

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "agent/shepherd/pmix_library.h"
#include "agent/shepherd/pmix_upcalls.h"
#include "common/check.h"

namespace usine::shepherd {
namespace {

// The library answers within a millisecond; its thread being stuck must not hold the shepherd.
constexpr std::chrono::seconds kAnswerTimeMax{10};

using CString = std::unique_ptr<char, decltype(&std::free)>;

// One asynchronous call: what it was given has to live until its callback, also past our patience.
class Operation {
 public:
  explicit Operation(const PmixLibrary& library) : attributes(library) {}

  PmixAttributes attributes;

  // Calls start(callback, context) and waits for the library's answer.
  template <typename Start>
  static pmix_status_t run(const std::shared_ptr<Operation>& operation, Start start) {
    auto context = std::make_unique<std::shared_ptr<Operation>>(operation);
    std::future<pmix_status_t> answer = operation->answer_.get_future();
    const pmix_status_t status = start(&Operation::finish, context.get());
    if (status == PMIX_OPERATION_SUCCEEDED) return PMIX_SUCCESS;
    if (status != PMIX_SUCCESS) return status;
    static_cast<void>(context.release());  // finish() owns it now
    const bool answered = answer.wait_for(kAnswerTimeMax) == std::future_status::ready;
    return answered ? answer.get() : PMIX_ERR_TIMEOUT;
  }

 private:
  static void finish(pmix_status_t status, void* context) {
    const std::unique_ptr<std::shared_ptr<Operation>> operation(
        static_cast<std::shared_ptr<Operation>*>(context));
    (*operation)->answer_.set_value(status);
  }

  std::promise<pmix_status_t> answer_;
};

pmix_proc_t process_name(const std::string& nspace, std::uint32_t rank) {
  pmix_proc_t process{};
  nspace.copy(process.nspace, PMIX_MAX_NSLEN);
  process.rank = rank;
  return process;
}

Status check_step(const PmixStep& step) {
  if (step.nspace.empty() || step.nspace.size() > PMIX_MAX_NSLEN) {
    return fail(ErrorCode::kInvalid,
                "a step's PMIx name has 1 to 255 bytes, not " + std::to_string(step.nspace.size()));
  }
  if (step.nspace.contains('/')) {
    return fail(ErrorCode::kInvalid, "a step's PMIx name names its folder and has no '/'");
  }
  if (step.this_node >= step.nodes.size()) {
    return fail(ErrorCode::kInvalid,
                "the step " + step.nspace + " has no node " + std::to_string(step.this_node));
  }
  return {};
}

// "n0,n1" and "0,1;2,3": the two lists that PMIx derives everything else from.
std::string node_list(const PmixStep& step) {
  std::string list;
  for (const PmixStep::Node& node : step.nodes) list += (list.empty() ? "" : ",") + node.name;
  return list;
}

std::string rank_lists(const PmixStep& step) {
  std::string lists;
  for (std::size_t node = 0; node < step.nodes.size(); ++node) {
    if (node > 0) lists += ';';
    const char* separator = "";
    for (const std::uint32_t rank : step.nodes[node].ranks) {
      lists += separator + std::to_string(rank);
      separator = ",";
    }
  }
  return lists;
}

std::uint32_t rank_count(const PmixStep& step) {
  std::size_t count = 0;
  for (const PmixStep::Node& node : step.nodes) count += node.ranks.size();
  return static_cast<std::uint32_t>(count);
}

// Where the step's ranks keep their session files: theirs, and gone with the step.
Status make_session_folder(const std::string& path, const PmixStep& step) {
  const bool made = mkdir(path.c_str(), 0700) == 0;
  const bool is_ours = step.uid == geteuid() && step.gid == getegid();
  if (made && (is_ours || lchown(path.c_str(), step.uid, step.gid) == 0)) return {};
  return fail(ErrorCode::kIo, "making the step's folder " + path + ": " + std::strerror(errno));
}

Status describe_step(const PmixLibrary& library, const PmixStep& step, const std::string& folder,
                     PmixAttributes& attributes) {
  char* map = nullptr;
  pmix_status_t status = library.generate_regex(node_list(step).c_str(), &map);
  const CString nodes(map, &std::free);
  if (status != PMIX_SUCCESS) return fail(library.error("describing the step's nodes", status));
  map = nullptr;
  status = library.generate_ppn(rank_lists(step).c_str(), &map);
  const CString ranks(map, &std::free);
  if (status != PMIX_SUCCESS) return fail(library.error("describing the step's ranks", status));

  attributes.add_map(PMIX_NODE_MAP, nodes.get());
  attributes.add_map(PMIX_PROC_MAP, ranks.get());
  attributes.add(PMIX_JOBID, step.nspace);
  attributes.add(PMIX_UNIV_SIZE, rank_count(step));
  attributes.add(PMIX_NUM_NODES, static_cast<std::uint32_t>(step.nodes.size()));
  attributes.add(PMIX_TMPDIR, folder);
  attributes.add(PMIX_NSDIR, folder);
  attributes.add(PMIX_TDIR_RMCLEAN, true);
  return {};
}

// PMIx_server_setup_fork grows a C array with malloc, so the copy is made the same way.
class EnvironmentArray {
 public:
  explicit EnvironmentArray(const std::vector<std::string>& entries)
      : array_(static_cast<char**>(std::calloc(entries.size() + 1, sizeof(char*)))) {
    CHECK_THAT(array_ != nullptr);
    for (std::size_t i = 0; i < entries.size(); ++i) array_[i] = strdup(entries[i].c_str());
  }
  EnvironmentArray(const EnvironmentArray&) = delete;
  EnvironmentArray& operator=(const EnvironmentArray&) = delete;
  ~EnvironmentArray() {
    for (char** entry = array_; *entry != nullptr; ++entry) std::free(*entry);
    std::free(array_);
  }
  [[nodiscard]] char*** array() { return &array_; }
  [[nodiscard]] std::vector<std::string> entries() const {
    std::vector<std::string> copy;
    for (char** entry = array_; *entry != nullptr; ++entry) copy.emplace_back(*entry);
    return copy;
  }

 private:
  char** array_;
};

// Starting the library makes it read the machine's topology, of which it needs cores and memory:
// without the devices that takes a fourth of the time (docs/performance.md). The variables are for
// the library alone and gone afterwards.
class LeanTopology {
 public:
  explicit LeanTopology(const std::string& folder_without_plugins) {
    setenv("HWLOC_COMPONENTS", "-linux:pci,-linux:io,-pci,-gl,-opencl,-x86", 1);
    setenv("HWLOC_PLUGINS_PATH", folder_without_plugins.c_str(), 1);
  }
  LeanTopology(const LeanTopology&) = delete;
  LeanTopology& operator=(const LeanTopology&) = delete;
  ~LeanTopology() {
    unsetenv("HWLOC_COMPONENTS");
    unsetenv("HWLOC_PLUGINS_PATH");
  }
};

struct LocalModexRequest {
  PmixEventQueue* events;  // outlives the library's server
  std::uint64_t token;
};

void on_local_modex(pmix_status_t status, char* data, std::size_t size, void* context) {
  const std::unique_ptr<LocalModexRequest> request(static_cast<LocalModexRequest*>(context));
  Result<std::string> answer = std::string();
  if (status != PMIX_SUCCESS) {
    answer = fail(ErrorCode::kUnavailable, "the rank ended before it published its addresses");
  } else if (data != nullptr) {
    answer->assign(data, size);
  }
  // A full queue loses the answer; the rank that waits for it then ends by the step's own limits.
  static_cast<void>(request->events->push(PmixLocalModex{request->token, std::move(answer)}));
}

}  // namespace

Result<std::unique_ptr<PmixServer>> PmixServer::open(const PmixServerOptions& options) {
  auto library = PmixLibrary::load();
  if (!library) return fail(library.error());
  auto events = PmixEventQueue::open();
  if (!events) return fail(events.error());
  if (!PmixUpcallHub::claim()) {
    return fail(ErrorCode::kConflict, "this process has started its PMIx server before");
  }
  setenv("PMIX_MCA_gds", "hash", 1);  // as in open_mpi_environment: both ends must agree

  std::unique_ptr<PmixServer> server(new PmixServer(std::move(*library), std::move(*events)));
  server->folder_ = options.folder;
  PmixAttributes attributes(*server->library_);
  attributes.add(PMIX_SERVER_TMPDIR, options.folder);
  attributes.add(PMIX_SYSTEM_TMPDIR, options.folder);
  attributes.add(PMIX_SERVER_NSPACE, options.nspace);
  attributes.add(PMIX_HOSTNAME, options.host_name);
  attributes.add(PMIX_SERVER_TOOL_SUPPORT, false);
  const LeanTopology lean(options.folder);  // ours and still empty, so that no plugin is found
  pmix_server_module_t module = PmixUpcallHub::module();
  const pmix_status_t status =
      server->library_->server_init(&module, attributes.infos().data(), attributes.infos().size());
  if (status != PMIX_SUCCESS) {
    return fail(server->library_->error("starting the PMIx server", status));
  }
  server->started_ = true;
  return server;
}

PmixServer::PmixServer(std::unique_ptr<const PmixLibrary> library,
                       std::unique_ptr<PmixEventQueue> events)
    : library_(std::move(library)),
      events_(std::move(events)),
      hub_(std::make_unique<PmixUpcallHub>(*events_)) {}

PmixServer::~PmixServer() {
  if (!started_) return;
  hub_->refuse_all(std::nullopt);
  library_->server_finalize();  // joins the library's thread, so the hub is called no more
}

Status PmixServer::add_step(const PmixStep& step) {
  if (const Status valid = check_step(step); !valid) return valid;
  const std::string session = session_folder(step.nspace);
  if (const Status made = make_session_folder(session, step); !made) return made;
  const auto registration = std::make_shared<Operation>(*library_);
  PmixAttributes& attributes = registration->attributes;
  if (const Status described = describe_step(*library_, step, session, attributes); !described) {
    return described;
  }
  const std::vector<std::uint32_t>& ranks = step.nodes[step.this_node].ranks;
  const pmix_status_t status =
      Operation::run(registration, [&](pmix_op_cbfunc_t done, void* context) {
        return library_->register_nspace(step.nspace.c_str(), static_cast<int>(ranks.size()),
                                         attributes.infos().data(), attributes.infos().size(), done,
                                         context);
      });
  if (status != PMIX_SUCCESS) return fail(library_->error("registering " + step.nspace, status));
  for (const std::uint32_t rank : ranks) {
    if (const Status added = add_rank(step, rank); !added) {
      remove_step(step.nspace);
      return added;
    }
  }
  return {};
}

Status PmixServer::add_rank(const PmixStep& step, std::uint32_t rank) {
  const pmix_proc_t process = process_name(step.nspace, rank);
  const pmix_status_t status = Operation::run(
      std::make_shared<Operation>(*library_), [&](pmix_op_cbfunc_t done, void* context) {
        return library_->register_client(&process, step.uid, step.gid, nullptr, done, context);
      });
  if (status == PMIX_SUCCESS) return {};
  return fail(library_->error("registering rank " + std::to_string(rank), status));
}

void PmixServer::remove_step(const std::string& nspace) {
  hub_->refuse_all(nspace);
  std::error_code ignored;  // what stays goes with the job's folder
  std::filesystem::remove_all(session_folder(nspace), ignored);
  // Nothing depends on how this ends: the name is never used again.
  static_cast<void>(Operation::run(std::make_shared<Operation>(*library_),
                                   [&](pmix_op_cbfunc_t done, void* context) {
                                     library_->deregister_nspace(nspace.c_str(), done, context);
                                     return PMIX_SUCCESS;
                                   }));
}

Result<std::vector<std::string>> PmixServer::environment(const std::string& nspace,
                                                         std::uint32_t rank,
                                                         const std::vector<std::string>& base) {
  EnvironmentArray environment(base);
  const pmix_proc_t process = process_name(nspace, rank);
  const pmix_status_t status = library_->setup_fork(&process, environment.array());
  if (status != PMIX_SUCCESS) {
    return fail(library_->error("preparing rank " + std::to_string(rank), status));
  }
  return environment.entries();
}

void PmixServer::answer(std::uint64_t id, const Result<std::string>& data) {
  hub_->answer(id, data);
}

Status PmixServer::request_local_modex(const std::string& nspace, std::uint32_t rank,
                                       std::uint64_t token) {
  auto request = std::make_unique<LocalModexRequest>(events_.get(), token);
  const pmix_proc_t process = process_name(nspace, rank);
  const pmix_status_t status = library_->dmodex_request(&process, on_local_modex, request.get());
  if (status != PMIX_SUCCESS) {
    return fail(library_->error("asking for rank " + std::to_string(rank), status));
  }
  static_cast<void>(request.release());  // on_local_modex owns it now
  return {};
}

}  // namespace usine::shepherd
