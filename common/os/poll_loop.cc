#include "common/os/poll_loop.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/check.h"
#include "common/os/os_error.h"

namespace usine::os {
namespace {

constexpr int kEventsPerTurn = 64;
// Longest sleep at once; epoll's timeout is an int, timers may lie further off.
constexpr int kWaitMsMax = 60'000;

// Descriptor and generation in the 64 bits that epoll hands back.
std::uint64_t tag_of(int fd, std::uint64_t generation) {
  return (generation << 32) | static_cast<std::uint32_t>(fd);
}

}  // namespace

Result<PollLoop> PollLoop::open() {
  UniqueFd epoll(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return fail(os_error("making an epoll"));
  return PollLoop(std::move(epoll));
}

void PollLoop::watch(int fd, std::uint32_t events, Handler handler) {
  forget(fd);
  const std::uint64_t generation = next_generation_++ & 0xFFFF'FFFFu;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag_of(fd, generation);
  CHECK_THAT(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0);
  watches_[fd] = {generation, events, std::make_shared<Handler>(std::move(handler))};
}

void PollLoop::change(int fd, std::uint32_t events) {
  const auto found = watches_.find(fd);
  CHECK_THAT(found != watches_.end());
  if (found->second.events == events) return;
  found->second.events = events;
  epoll_event event{};
  event.events = events;
  event.data.u64 = tag_of(fd, found->second.generation);
  CHECK_THAT(::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) == 0);
}

void PollLoop::forget(int fd) {
  if (watches_.erase(fd) == 0) return;
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

PollLoop::TimerId PollLoop::after(Millis delay, std::function<void()> handler) {
  const TimerId timer = next_timer_++;
  timers_.emplace(std::pair(Clock::now() + delay, timer), std::move(handler));
  return timer;
}

void PollLoop::cancel(TimerId timer) {
  std::erase_if(timers_, [timer](const auto& entry) { return entry.first.second == timer; });
}

int PollLoop::wait_ms() const {
  if (timers_.empty()) return kWaitMsMax;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - Clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, kWaitMsMax));
}

void PollLoop::run_due_timers() {
  const auto now = Clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    const auto handler = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    handler();
  }
}

Status PollLoop::turn() {
  std::array<epoll_event, kEventsPerTurn> events{};
  const int count = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, wait_ms());
  if (count < 0 && errno != EINTR) return fail(os_error("waiting for events"));
  for (int i = 0; i < count; ++i) {
    const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
    const auto found = watches_.find(static_cast<int>(tag & 0xFFFF'FFFFu));
    // An earlier handler of this turn may have removed it, and the number may be in use again.
    if (found == watches_.end() || found->second.generation != tag >> 32) continue;
    const std::shared_ptr<Handler> handler = found->second.handler;
    (*handler)(events[static_cast<std::size_t>(i)].events);
  }
  run_due_timers();
  return {};
}

}  // namespace usine::os
