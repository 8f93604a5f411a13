// The node's end of PMIx: what lets MPI ranks that the shepherd starts find each other. The
// shepherd owns one and opens it at the first step that wants it; libpmix is loaded then, never
// linked, so that a shepherd without MPI starts in a millisecond. Every function here is for the
// shepherd's poll thread; the library's own thread shows only as events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "agent/shepherd/pmix_events.h"
#include "common/result.h"

namespace usine::shepherd {

struct PmixLibrary;   // the functions of libpmix.so.2 (pmix_library.h)
class PmixUpcallHub;  // where the library's calls arrive (pmix_upcalls.h)

struct PmixServerOptions {
  // Exists, is this process's own and the ranks' user can pass through it (0711), for sockets and
  // sessions. Nobody else may write there: the library is loaded into this process and looks for
  // plugins below it.
  std::string folder;
  std::string host_name;  // the node's name, which differs between emulated nodes of one host
  std::string nspace;     // the server's own, distinct from every step's
};

// One step as PMIx sees it. A namespace's name is never used twice (cluster, job, attempt, step):
// Open MPI names its shared memory after a hash of it.
struct PmixStep {
  struct Node {
    std::string name;                  // as in PmixServerOptions::host_name of that node
    std::vector<std::uint32_t> ranks;  // ascending; every rank of the step is on one node
  };
  std::string nspace;       // at most 255 bytes, usable as a file's name
  std::vector<Node> nodes;  // in the same order on every node of the step
  std::size_t this_node = 0;
  uid_t uid = 0;  // whom the ranks run as: PMIx refuses a connection of anybody else
  gid_t gid = 0;
};

class PmixServer {
 public:
  // Loads the library and starts its server; once per process, since libpmix cannot start again
  // after its end. Errors: kNotFound without libpmix.so.2, kConflict the second time, kIo.
  [[nodiscard]] static Result<std::unique_ptr<PmixServer>> open(const PmixServerOptions& options);
  PmixServer(const PmixServer&) = delete;
  PmixServer& operator=(const PmixServer&) = delete;
  ~PmixServer();

  // Makes the step's ranks of this node known, before the first of them is started.
  [[nodiscard]] Status add_step(const PmixStep& step);
  // Forgets a step all of whose local ranks have been reaped; its unanswered questions are refused.
  void remove_step(const std::string& nspace);
  // `base` ("NAME=value" each) with what the rank needs to find this server.
  [[nodiscard]] Result<std::vector<std::string>> environment(const std::string& nspace,
                                                             std::uint32_t rank,
                                                             const std::vector<std::string>& base);

  // Readable when take_event() has something.
  [[nodiscard]] int event_descriptor() const { return events_->descriptor(); }
  [[nodiscard]] std::optional<PmixEvent> take_event() { return events_->take(); }

  // Ends a PmixFence or PmixModex: the data, or an error that the rank's call fails with. An id
  // that is not open any more is ignored.
  void answer(std::uint64_t id, const Result<std::string>& data);
  // Asks for what a local rank has published, for another node's PmixModex. The answer comes as
  // PmixLocalModex with this token, as soon as the rank has published.
  [[nodiscard]] Status request_local_modex(const std::string& nspace, std::uint32_t rank,
                                           std::uint64_t token);

 private:
  PmixServer(std::unique_ptr<const PmixLibrary> library, std::unique_ptr<PmixEventQueue> events);
  [[nodiscard]] Status add_rank(const PmixStep& step, std::uint32_t rank);
  [[nodiscard]] std::string session_folder(const std::string& nspace) const {
    return folder_ + '/' + nspace;
  }

  std::unique_ptr<const PmixLibrary> library_;
  std::unique_ptr<PmixEventQueue> events_;
  std::unique_ptr<PmixUpcallHub> hub_;
  std::string folder_;
  bool started_ = false;
};

}  // namespace usine::shepherd
