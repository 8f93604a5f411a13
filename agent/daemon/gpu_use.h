// What the GPUs of this node's jobs were used for: samples of the whole node, taken by a thread of
// its own, since a sick driver may keep it waiting, are added up for each attempt. The sums lie in
// the job folders, for the agent that comes after this one and for the shepherds, which take the
// difference over a step. Owned by the loop thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/daemon/mailbox.h"
#include "common/ids.h"
#include "common/time.h"
#include "gpu/discovery/gpu_sampler.h"
#include "model/resource_use.h"

namespace usine::agent {

// Adds one look at the node to what an attempt with these GPUs has come to: a GPU of which nothing
// was said was not seen.
void add_samples(const std::vector<std::string>& bus_ids, const std::vector<GpuSample>& samples,
                 Millis since_last, ResourceUse& use);

class GpuUse {
 public:
  static constexpr Millis kEvery{5'000};

  // The library is loaded while attempts have GPUs, and by the first of them the thread begins.
  explicit GpuUse(NvmlOptions nvml) : nvml_(std::move(nvml)), looks_(kLooksMax) {}
  GpuUse(const GpuUse&) = delete;
  GpuUse& operator=(const GpuUse&) = delete;
  // Waits for a look that is under way.
  ~GpuUse();

  // Readable when take() has something.
  [[nodiscard]] int fd() const { return looks_.fd(); }
  void take();

  // From now on; the folder may hold what an earlier agent has counted.
  void begin(AttemptKey key, std::vector<std::string> bus_ids, const std::string& folder);
  // What it came to; nothing is counted any more.
  ResourceUse end(AttemptKey key);

 private:
  // A look at the node, and how long after the one before.
  struct Look {
    std::vector<GpuSample> samples;
    Millis since_last{0};
  };
  struct Account {
    std::vector<std::string> bus_ids;
    std::string path;
    ResourceUse use;
  };
  static constexpr std::size_t kLooksMax = 16;

  void set_wanted(bool wanted);
  void run();
  void look_on(const GpuSampler& sampler);

  const NvmlOptions nvml_;
  std::map<AttemptKey, Account> accounts_;
  Mailbox<Look> looks_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool wanted_ = false;  // looks at the GPUs
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace usine::agent
