// Scripts and environments by hash, for the messages that start jobs: the newest in memory, since
// most jobs start soon after they were submitted, the rest from the store. Any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/result.h"

namespace usine::daemon {

class BlobStore {
 public:
  // In memory; the oldest go first.
  static constexpr std::size_t kBytesMax = std::size_t{64} << 20;

  using ReadStored = std::function<Result<std::string>(const std::string& hash)>;

  explicit BlobStore(ReadStored read_stored) : read_stored_(std::move(read_stored)) {}

  void remember(const std::string& hash, const std::string& content);

  // Empty for the empty hash. Errors of the store.
  [[nodiscard]] Result<std::shared_ptr<const std::string>> find(const std::string& hash);

 private:
  ReadStored read_stored_;
  std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<const std::string>> by_hash_;
  std::deque<std::string> oldest_first_;
  std::size_t bytes_ = 0;
};

}  // namespace usine::daemon
