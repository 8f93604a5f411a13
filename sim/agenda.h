// Virtual time: what is to happen when, in the order of time and, at one time, of asking. Whoever
// asks for an action that may be out of date when it comes keeps a count to see that by.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "common/time.h"

namespace usine::sim {

class Agenda {
 public:
  using Action = std::function<void()>;

  explicit Agenda(Time start) : now_(start) {}

  void at(Time when, Action action) {
    actions_.emplace(std::pair{std::max(when, now_), ++asked_}, std::move(action));
  }
  void in(Millis delay, Action action) { at(now_ + delay, std::move(action)); }

  // Does the next thing, where there is one that is due by `until`; time goes on to it.
  bool step(Time until) {
    if (actions_.empty() || actions_.begin()->first.first > until) return false;
    auto next = actions_.extract(actions_.begin());
    now_ = next.key().first;
    next.mapped()();
    return true;
  }

  [[nodiscard]] Time now() const { return now_; }

 private:
  Time now_;
  std::uint64_t asked_ = 0;
  std::map<std::pair<Time, std::uint64_t>, Action> actions_;
};

}  // namespace usine::sim
