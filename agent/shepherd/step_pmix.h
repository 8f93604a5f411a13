// The shepherd's one PMIx server, shared by its steps: opened at the first step that wants it, and
// what its ranks ask is passed to the step they belong to. Owned by the shepherd, on its poll
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/shepherd/job_spec.h"
#include "agent/shepherd/pmix_server.h"
#include "agent/shepherd/scratch_folders.h"
#include "common/os/poll_loop.h"
#include "common/result.h"

namespace usine::shepherd {

// The step of a rank that PMIx tells of.
class PmixListener {
 public:
  virtual ~PmixListener() = default;
  virtual void on_fence(std::uint64_t id, std::string data) = 0;
  virtual void on_modex(std::uint64_t id, std::uint32_t rank) = 0;
  virtual void on_abort(std::uint32_t rank, int status, const std::string& message) = 0;
  virtual void on_connected(std::uint32_t rank) = 0;
};

class StepPmix {
 public:
  using OnData = std::function<void(const Result<std::string>&)>;

  StepPmix(const JobSpec& spec, os::PollLoop& loop, ScratchFolders& folders)
      : spec_(spec), loop_(loop), folders_(folders) {}
  StepPmix(const StepPmix&) = delete;
  StepPmix& operator=(const StepPmix&) = delete;
  ~StepPmix();

  // Makes the step known; the listener is called until leave(). Error: kNotFound where this node
  // has no libpmix, others as PmixServer gives them.
  [[nodiscard]] Status join(const PmixStep& step, PmixListener& listener);
  void leave(const std::string& nspace);
  [[nodiscard]] Result<std::vector<std::string>> environment(const std::string& nspace,
                                                             std::uint32_t rank,
                                                             const std::vector<std::string>& base);
  void answer(std::uint64_t id, const Result<std::string>& data);
  // Passes on what PMIx has told so far: before a rank's end is judged by it.
  void catch_up();
  // Calls back with what a local rank has published, once it has, unless its step leaves before.
  void ask_local(const std::string& nspace, std::uint32_t rank, OnData on_data);

 private:
  struct Question {
    std::string nspace;
    OnData on_data;
  };

  [[nodiscard]] Status open();
  void dispatch(PmixEvent& event);
  [[nodiscard]] PmixListener* listener_of(const std::string& nspace) const;

  const JobSpec& spec_;
  os::PollLoop& loop_;
  ScratchFolders& folders_;
  std::unique_ptr<PmixServer> server_;
  std::map<std::string, PmixListener*> listeners_;  // by namespace
  std::uint64_t next_token_ = 1;
  std::map<std::uint64_t, Question> questions_;  // by token
};

}  // namespace usine::shepherd
