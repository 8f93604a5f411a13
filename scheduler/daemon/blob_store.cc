#include "scheduler/daemon/blob_store.h"

#include <utility>

namespace usine::daemon {

void BlobStore::remember(const std::string& hash, const std::string& content) {
  const std::lock_guard lock(mutex_);
  if (by_hash_.contains(hash)) return;
  by_hash_.emplace(hash, std::make_shared<const std::string>(content));
  oldest_first_.push_back(hash);
  bytes_ += content.size();
  while (bytes_ > kBytesMax) {
    const auto oldest = by_hash_.find(oldest_first_.front());
    bytes_ -= oldest->second->size();
    by_hash_.erase(oldest);
    oldest_first_.pop_front();
  }
}

Result<std::shared_ptr<const std::string>> BlobStore::find(const std::string& hash) {
  if (hash.empty()) return std::make_shared<const std::string>();
  {
    const std::lock_guard lock(mutex_);
    const auto found = by_hash_.find(hash);
    if (found != by_hash_.end()) return found->second;
  }
  Result<std::string> stored = read_stored_(hash);
  if (!stored) return fail(stored.error());
  remember(hash, *stored);
  return std::make_shared<const std::string>(*std::move(stored));
}

}  // namespace usine::daemon
