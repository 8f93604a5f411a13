#include "agent/shepherd/step_pmix.h"

#include <utility>

namespace usine::shepherd {
namespace {

// One handler per alternative of a variant, for std::visit.
template <typename... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};

}  // namespace

StepPmix::~StepPmix() {
  if (server_) loop_.forget(server_->event_descriptor());
}

Status StepPmix::open() {
  if (server_) return {};
  const agent::LaunchJob& job = spec_.launch;
  const auto folder = folders_.pmix(job);
  if (!folder) return fail(folder.error());
  auto server = PmixServer::open({.folder = *folder,
                                  .host_name = job.node().name,
                                  .nspace = job.cluster + '.' + std::to_string(job.key.job.value) +
                                            '.' + std::to_string(job.key.attempt.value) +
                                            ".server." + std::to_string(job.this_node)});
  if (!server) return fail(server.error());
  server_ = std::move(*server);
  loop_.watch(server_->event_descriptor(), EPOLLIN, [this](std::uint32_t) { catch_up(); });
  return {};
}

Status StepPmix::join(const PmixStep& step, PmixListener& listener) {
  if (const Status opened = open(); !opened) return opened;
  if (const Status added = server_->add_step(step); !added) return added;
  listeners_[step.nspace] = &listener;
  return {};
}

void StepPmix::leave(const std::string& nspace) {
  if (listeners_.erase(nspace) == 0) return;
  std::erase_if(questions_, [&](const auto& entry) { return entry.second.nspace == nspace; });
  server_->remove_step(nspace);
}

Result<std::vector<std::string>> StepPmix::environment(const std::string& nspace,
                                                       std::uint32_t rank,
                                                       const std::vector<std::string>& base) {
  return server_->environment(nspace, rank, base);
}

void StepPmix::answer(std::uint64_t id, const Result<std::string>& data) {
  server_->answer(id, data);
}

void StepPmix::ask_local(const std::string& nspace, std::uint32_t rank, OnData on_data) {
  const std::uint64_t token = next_token_++;
  if (const Status asked = server_->request_local_modex(nspace, rank, token); !asked) {
    return on_data(fail(asked.error()));
  }
  questions_[token] = {nspace, std::move(on_data)};
}

void StepPmix::catch_up() {
  if (!server_) return;
  while (auto event = server_->take_event()) dispatch(*event);
}

PmixListener* StepPmix::listener_of(const std::string& nspace) const {
  const auto found = listeners_.find(nspace);
  return found == listeners_.end() ? nullptr : found->second;
}

void StepPmix::dispatch(PmixEvent& event) {
  // A step that has left has had its questions refused.
  std::visit(Overloaded{[&](PmixFence& fence) {
                          if (auto* const step = listener_of(fence.nspace)) {
                            step->on_fence(fence.id, std::move(fence.data));
                          }
                        },
                        [&](const PmixModex& modex) {
                          if (auto* const step = listener_of(modex.nspace)) {
                            step->on_modex(modex.id, modex.rank);
                          }
                        },
                        [&](const PmixLocalModex& modex) {
                          const auto question = questions_.extract(modex.token);
                          if (!question.empty()) question.mapped().on_data(modex.data);
                        },
                        [&](const PmixAbort& abort) {
                          if (auto* const step = listener_of(abort.nspace)) {
                            step->on_abort(abort.rank, abort.status, abort.message);
                          }
                        },
                        [&](const PmixConnected& connected) {
                          if (auto* const step = listener_of(connected.nspace)) {
                            step->on_connected(connected.rank);
                          }
                        },
                        [](const PmixFinalized&) {}},
             event);
}

}  // namespace usine::shepherd
