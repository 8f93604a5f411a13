#include "agent/daemon/gpu_use.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

#include "agent/core/gpu_use_file.h"
#include "common/os/files.h"

namespace usine::agent {

void add_samples(const std::vector<std::string>& bus_ids, const std::vector<GpuSample>& samples,
                 Millis since_last, ResourceUse& use) {
  for (const GpuSample& sample : samples) {
    if (std::ranges::find(bus_ids, sample.bus_id) == bus_ids.end()) continue;
    use.gpu_seen += since_last;
    use.gpu_busy += since_last * sample.busy_percent / 100;
    use.gpu_memory_mib = std::max(use.gpu_memory_mib, sample.memory_mib);
  }
}

GpuUse::~GpuUse() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wanted_ = false;
  }
  changed_.notify_one();
  looks_.close();
  if (thread_.joinable()) thread_.join();
}

void GpuUse::begin(AttemptKey key, std::vector<std::string> bus_ids, const std::string& folder) {
  if (bus_ids.empty()) return;
  const std::string path = folder + "/gpu_use";
  accounts_[key] = {std::move(bus_ids), path, gpu_use_from(os::read_file(path).value_or(""))};
  set_wanted(true);
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
}

ResourceUse GpuUse::end(AttemptKey key) {
  take();
  const auto account = accounts_.extract(key);
  if (account.empty()) return {};
  if (accounts_.empty()) set_wanted(false);
  return account.mapped().use;
}

void GpuUse::set_wanted(bool wanted) {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = wanted;
  }
  changed_.notify_one();
}

void GpuUse::take() {
  for (const Look& look : looks_.take()) {
    for (auto& [key, account] : accounts_) {
      add_samples(account.bus_ids, look.samples, look.since_last, account.use);
      // Lost, it counts from zero again after a restart of the agent.
      static_cast<void>(os::replace_file(account.path, gpu_use_text(account.use)));
    }
  }
}

// ---- the thread -------------------------------------------------------------------------------

void GpuUse::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
    lock.unlock();
    const auto sampler = GpuSampler::open(nvml_);
    if (!sampler) spdlog::warn("event=gpu_use_unknown error=\"{}\"", sampler.error().message);
    if (sampler && *sampler) look_on(**sampler);
    lock.lock();
    // Where nobody can tell, the next job is no reason to ask in vain again at once.
    changed_.wait(lock, [this] { return !wanted_; });
  }
}

void GpuUse::look_on(const GpuSampler& sampler) {
  auto last = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kEvery, [this] { return !wanted_; })) {
    lock.unlock();
    std::vector<GpuSample> samples = sampler.sample();
    const auto now = std::chrono::steady_clock::now();
    const auto since = std::chrono::duration_cast<Millis>(now - std::exchange(last, now));
    looks_.push({std::move(samples), since});
    lock.lock();
  }
}

}  // namespace usine::agent
