// Where libpmix calls the shepherd. The library knows no context pointer for most of its calls and
// one server per process, so the module of plain functions finds the one live hub through a static
// pointer. The hub turns calls into events and keeps what is needed to answer them.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include <pmix_server.h>

#include "agent/shepherd/pmix_events.h"
#include "common/result.h"

namespace usine::shepherd {

class PmixUpcallHub {
 public:
  // Where to send the answer to a fence or a modex.
  struct Question {
    std::string nspace;
    pmix_modex_cbfunc_t reply = nullptr;
    void* context = nullptr;
  };

  // Becomes the live hub of the process. False from claim() where there has been one before.
  [[nodiscard]] static bool claim();
  explicit PmixUpcallHub(PmixEventQueue& events);
  PmixUpcallHub(const PmixUpcallHub&) = delete;
  PmixUpcallHub& operator=(const PmixUpcallHub&) = delete;
  ~PmixUpcallHub();

  [[nodiscard]] static pmix_server_module_t module();

  // For the shepherd's thread. An unknown id is ignored.
  void answer(std::uint64_t id, const Result<std::string>& data);
  // Refuses every open question of one step, or of all with no name.
  void refuse_all(const std::optional<std::string>& nspace);

  // For PMIx's thread. False: the queue is full and nothing is kept.
  [[nodiscard]] bool ask_fence(Question question, std::string data);
  [[nodiscard]] bool ask_modex(Question question, std::uint32_t rank);
  [[nodiscard]] bool report(PmixEvent event) { return events_.push(std::move(event)); }

 private:
  [[nodiscard]] std::uint64_t keep(Question question);
  std::optional<Question> forget(std::uint64_t id);

  PmixEventQueue& events_;
  std::mutex mutex_;
  std::uint64_t last_id_ = 0;                    // under mutex_
  std::map<std::uint64_t, Question> questions_;  // under mutex_
};

}  // namespace usine::shepherd
