#include "cli/zone_clock.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <utility>

#include "cli/local_clock.h"

namespace usine::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kZoneFolder = "/usr/share/zoneinfo/";
// No zone changes its offset and back within this.
constexpr Seconds kStep{12 * 3600};

bool has_file(const std::string& zone) {
  if (zone.empty() || zone.front() == '/' || zone.find("..") != std::string::npos) return false;
  const char* const folder = std::getenv("TZDIR");
  std::error_code ignored;
  return fs::is_regular_file(fs::path(folder != nullptr ? folder : kZoneFolder) / zone, ignored);
}

// The first time after `low`, and at or before `high`, at which the offset is that of `high`.
Time change_between(const LocalClock& clock, Time low, Time high) {
  const Seconds after = clock.utc_offset(high);
  while (high - low > Seconds(1)) {
    const Time middle = low + std::chrono::floor<Seconds>((high - low) / 2);
    (clock.utc_offset(middle) == after ? high : low) = middle;
  }
  return high;
}

}  // namespace

std::string local_zone() {
  const char* const zone = std::getenv("TZ");
  if (zone != nullptr) return zone;
  std::error_code error;
  const std::string file = fs::read_symlink("/etc/localtime", error).string();
  if (error) return {};
  const std::size_t at = file.find("zoneinfo/");
  return at == std::string::npos ? std::string() : file.substr(at + sizeof "zoneinfo/" - 1);
}

Result<ZoneClock> ZoneClock::open(const std::string& zone) {
  if (zone != "UTC" && !has_file(zone)) {
    return fail(ErrorCode::kNotFound, "there is no time zone '" + zone +
                                          "' on this machine: write one such as "
                                          "Europe/Berlin, or UTC");
  }
  ZoneClock clock;
  if (const char* const before = std::getenv("TZ")) {
    clock.before_ = before;
    clock.had_before_ = true;
  }
  ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
  return clock;
}

ZoneClock::ZoneClock(ZoneClock&& other) noexcept
    : before_(std::move(other.before_)),
      had_before_(other.had_before_),
      owns_(std::exchange(other.owns_, false)) {}

ZoneClock::~ZoneClock() {
  if (!owns_) return;
  if (had_before_) {
    ::setenv("TZ", before_.c_str(), 1);
  } else {
    ::unsetenv("TZ");
  }
  ::tzset();
}

LocalClock ZoneClock::clock() const { return local_clock(); }

std::vector<ZoneOffset> ZoneClock::offsets(Time from, Time until) const {
  const LocalClock local = clock();
  std::vector<ZoneOffset> offsets = {{from, local.utc_offset(from)}};
  for (Time at = from; at < until; at += kStep) {
    const Seconds next = local.utc_offset(at + kStep);
    if (next == offsets.back().offset) continue;
    offsets.push_back({change_between(local, at, at + kStep), next});
  }
  return offsets;
}

}  // namespace usine::cli
