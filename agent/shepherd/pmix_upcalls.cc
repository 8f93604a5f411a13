#include "agent/shepherd/pmix_upcalls.h"

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace usine::shepherd {
namespace {

// The one hub that the library's calls reach; see the header for why this is static.
std::atomic<PmixUpcallHub*> live_hub = nullptr;
std::atomic<bool> claimed = false;

constexpr pmix_status_t kDone = PMIX_OPERATION_SUCCEEDED;  // done now, without a callback

pmix_status_t accepted(bool taken) { return taken ? PMIX_SUCCESS : PMIX_ERR_OUT_OF_RESOURCE; }
pmix_status_t recorded(bool taken) { return taken ? kDone : PMIX_ERR_OUT_OF_RESOURCE; }

void send_reply(const PmixUpcallHub::Question& question, const Result<std::string>& data) {
  if (!data.has_value()) {
    question.reply(PMIX_ERR_UNREACH, nullptr, 0, question.context, nullptr, nullptr);
    return;
  }
  // The library reads the bytes on its own thread, some time after reply() has returned.
  auto bytes = std::make_unique<std::string>(*data);
  const char* const begin = bytes->empty() ? nullptr : bytes->data();
  const std::size_t size = bytes->size();
  question.reply(
      PMIX_SUCCESS, begin, size, question.context,
      [](void* kept) { delete static_cast<std::string*>(kept); }, bytes.release());
}

// ---- the module: each function runs on PMIx's thread and must not block -----------------------

pmix_status_t on_connected(const pmix_proc_t* client, void*, pmix_info_t*, std::size_t,
                           pmix_op_cbfunc_t, void*) {
  PmixUpcallHub* const hub = live_hub.load();
  if (hub == nullptr) return PMIX_ERR_UNREACH;
  return recorded(hub->report(PmixConnected{client->nspace, client->rank}));
}

pmix_status_t on_finalized(const pmix_proc_t* client, void*, pmix_op_cbfunc_t, void*) {
  PmixUpcallHub* const hub = live_hub.load();
  if (hub == nullptr) return PMIX_ERR_UNREACH;
  return recorded(hub->report(PmixFinalized{client->nspace, client->rank}));
}

pmix_status_t on_abort(const pmix_proc_t* client, void*, int status, const char* message,
                       pmix_proc_t*, std::size_t, pmix_op_cbfunc_t, void*) {
  PmixUpcallHub* const hub = live_hub.load();
  if (hub == nullptr) return PMIX_ERR_UNREACH;
  return recorded(hub->report(
      PmixAbort{client->nspace, client->rank, status, message == nullptr ? "" : message}));
}

pmix_status_t on_fence(const pmix_proc_t* ranks, std::size_t count, const pmix_info_t*, std::size_t,
                       char* data, std::size_t size, pmix_modex_cbfunc_t reply, void* context) {
  PmixUpcallHub* const hub = live_hub.load();
  if (hub == nullptr) return PMIX_ERR_UNREACH;
  // MPI fences over whole steps only. A fence of some ranks would need a name of its own.
  if (count != 1 || ranks[0].rank != PMIX_RANK_WILDCARD) return PMIX_ERR_NOT_SUPPORTED;
  std::string bytes = data == nullptr ? std::string() : std::string(data, size);
  return accepted(hub->ask_fence({ranks[0].nspace, reply, context}, std::move(bytes)));
}

pmix_status_t on_direct_modex(const pmix_proc_t* rank, const pmix_info_t*, std::size_t,
                              pmix_modex_cbfunc_t reply, void* context) {
  PmixUpcallHub* const hub = live_hub.load();
  if (hub == nullptr) return PMIX_ERR_UNREACH;
  return accepted(hub->ask_modex({rank->nspace, reply, context}, rank->rank));
}

// Events that clients subscribe to come from the library itself; the shepherd adds none.
pmix_status_t on_register_events(pmix_status_t*, std::size_t, const pmix_info_t*, std::size_t,
                                 pmix_op_cbfunc_t, void*) {
  return kDone;
}

pmix_status_t on_deregister_events(pmix_status_t*, std::size_t, pmix_op_cbfunc_t, void*) {
  return kDone;
}

pmix_status_t on_notify_event(pmix_status_t, const pmix_proc_t*, pmix_data_range_t, pmix_info_t*,
                              std::size_t, pmix_op_cbfunc_t, void*) {
  return kDone;
}

}  // namespace

bool PmixUpcallHub::claim() { return !claimed.exchange(true); }

PmixUpcallHub::PmixUpcallHub(PmixEventQueue& events) : events_(events) { live_hub.store(this); }

PmixUpcallHub::~PmixUpcallHub() { live_hub.store(nullptr); }

// What is left null here, the library refuses for us: spawn, publish, groups, queries.
pmix_server_module_t PmixUpcallHub::module() {
  pmix_server_module_t functions{};
  functions.client_connected2 = on_connected;
  functions.client_finalized = on_finalized;
  functions.abort = on_abort;
  functions.fence_nb = on_fence;
  functions.direct_modex = on_direct_modex;
  functions.register_events = on_register_events;
  functions.deregister_events = on_deregister_events;
  functions.notify_event = on_notify_event;
  return functions;
}

void PmixUpcallHub::answer(std::uint64_t id, const Result<std::string>& data) {
  if (const std::optional<Question> question = forget(id)) send_reply(*question, data);
}

void PmixUpcallHub::refuse_all(const std::optional<std::string>& nspace) {
  std::vector<std::uint64_t> open;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, question] : questions_) {
      if (!nspace || question.nspace == *nspace) open.push_back(id);
    }
  }
  for (const std::uint64_t id : open) answer(id, fail(ErrorCode::kUnavailable, "the step ended"));
}

bool PmixUpcallHub::ask_fence(Question question, std::string data) {
  std::string nspace = question.nspace;
  const std::uint64_t id = keep(std::move(question));
  const bool taken = report(PmixFence{id, std::move(nspace), std::move(data)});
  if (!taken) forget(id);
  return taken;
}

bool PmixUpcallHub::ask_modex(Question question, std::uint32_t rank) {
  std::string nspace = question.nspace;
  const std::uint64_t id = keep(std::move(question));
  const bool taken = report(PmixModex{id, std::move(nspace), rank});
  if (!taken) forget(id);
  return taken;
}

std::uint64_t PmixUpcallHub::keep(Question question) {
  const std::scoped_lock lock(mutex_);
  questions_.emplace(++last_id_, std::move(question));
  return last_id_;
}

std::optional<PmixUpcallHub::Question> PmixUpcallHub::forget(std::uint64_t id) {
  const std::scoped_lock lock(mutex_);
  auto kept = questions_.extract(id);
  if (kept.empty()) return std::nullopt;
  return std::move(kept.mapped());
}

}  // namespace usine::shepherd
