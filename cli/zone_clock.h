// The clock of a named time zone, as this machine's zone files have it. For operators who write
// times of a place; the scheduler gets offsets from UTC and never reads a zone.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "model/begin_time.h"
#include "model/reservation_request.h"

namespace usine::cli {

// The zone that this machine's own clocks show; empty where its name is not known.
[[nodiscard]] std::string local_zone();

// While one lives, the process's local time is that of the zone: make it before there are other
// threads, and only one at a time.
class ZoneClock {
 public:
  // "Europe/Berlin". Error: kNotFound for a zone that this machine has no file of.
  [[nodiscard]] static Result<ZoneClock> open(const std::string& zone);
  ZoneClock(ZoneClock&& other) noexcept;
  ZoneClock& operator=(ZoneClock&&) = delete;
  ~ZoneClock();

  // Its now is the machine's.
  [[nodiscard]] LocalClock clock() const;
  // How far the zone is ahead of UTC from `from` on, and at each change before `until`.
  [[nodiscard]] std::vector<ZoneOffset> offsets(Time from, Time until) const;

 private:
  ZoneClock() = default;
  std::string before_;  // TZ, to be put back
  bool had_before_ = false;
  bool owns_ = true;
};

}  // namespace usine::cli
