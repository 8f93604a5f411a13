#include "agent/shepherd/pmix_events.h"

#include <cerrno>
#include <cstring>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>

namespace usine::shepherd {

Result<std::unique_ptr<PmixEventQueue>> PmixEventQueue::open() {
  const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return fail(ErrorCode::kIo, std::string("making an eventfd: ") + std::strerror(errno));
  }
  return std::unique_ptr<PmixEventQueue>(new PmixEventQueue(descriptor));
}

PmixEventQueue::~PmixEventQueue() { close(descriptor_); }

bool PmixEventQueue::push(PmixEvent event) {
  const std::scoped_lock lock(mutex_);
  if (events_.size() >= kCapacity) return false;
  events_.push_back(std::move(event));
  // Cannot fail: the count stays far below its limit, since take() resets it.
  if (events_.size() == 1) eventfd_write(descriptor_, 1);
  return true;
}

std::optional<PmixEvent> PmixEventQueue::take() {
  const std::scoped_lock lock(mutex_);
  if (events_.empty()) return std::nullopt;
  PmixEvent event = std::move(events_.front());
  events_.pop_front();
  eventfd_t count = 0;
  if (events_.empty()) eventfd_read(descriptor_, &count);
  return event;
}

}  // namespace usine::shepherd
