#include "cli/local_clock.h"

#include <ctime>

#include "common/os/system_clock.h"

namespace usine::cli {

LocalClock local_clock() {
  const auto offset = [](Time time) {
    const std::time_t seconds = time.time_since_epoch().count() / 1000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return Seconds(local.tm_gmtoff);
  };
  return {os::SystemWallClock().now(), offset};
}

}  // namespace usine::cli
