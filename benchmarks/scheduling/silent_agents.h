// The agents of a whole machine in one process: each says once which jobs run on its node and is
// silent from then on, so that the node stays up as long as its lease lasts. For the main thread.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "benchmarks/scheduling/busy_store.h"
#include "common/result.h"

namespace usine::bench {

class SilentAgents {
 public:
  // All of them have been welcomed by the scheduler of that state folder. Errors: kUnavailable.
  [[nodiscard]] static Result<SilentAgents> join(const std::filesystem::path& state_folder,
                                                 const BusyStore& store);
  SilentAgents(SilentAgents&&) noexcept;
  ~SilentAgents();

 private:
  struct Stream;
  SilentAgents();

  std::vector<std::unique_ptr<Stream>> streams_;
};

}  // namespace usine::bench
