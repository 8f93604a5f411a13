// A reservation as an operator asks for it: nodes that are kept for some users, or for maintenance,
// over one window of time or over windows that come again every day or week at the same local time.
// The zone's offsets from UTC come as data, so that everybody reckons the same windows for ever.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace usine {

enum class Recurrence : std::uint8_t { kOnce = 0, kDaily = 1, kWeekly = 2 };

[[nodiscard]] std::string_view to_string(Recurrence recurrence);  // "once", "daily", "weekly"
[[nodiscard]] std::optional<Recurrence> recurrence_from(std::string_view word);

// From then on local clocks are that far ahead of UTC.
struct ZoneOffset {
  Time from;
  Seconds offset{0};

  friend bool operator==(const ZoneOffset&, const ZoneOffset&) = default;
};

struct ReservationRequest {
  std::string name;
  Time start;         // of the first window
  Seconds length{0};  // of each window
  Recurrence recurrence = Recurrence::kOnce;
  Time until{};           // recurring: no window begins at or after this
  std::string zone = {};  // recurring: whose local time the windows keep, "Europe/Berlin"
  std::vector<ZoneOffset> offsets = {};    // of the zone; ascending, the first holds before as well
  std::vector<std::string> nodes = {};     // by name; or so many of a partition:
  std::uint32_t node_count = 0;            // used where `nodes` is empty
  std::string partition = {};              // empty: the default one
  std::vector<std::string> users = {};     // who may use it, operators aside
  std::vector<std::string> projects = {};  // whose jobs may use it
  bool maintenance = false;                // nobody's jobs; may lie over other reservations
  bool is_private = false;                 // only those who may use it see it
  bool replace = false;  // a node that fails is replaced by another of the partition

  friend bool operator==(const ReservationRequest&, const ReservationRequest&) = default;
};

// Bounds on what one reservation may ask for.
inline constexpr std::uint32_t kReservationWindowsMax = 4'000;
inline constexpr std::size_t kReservationNamesMax = 10'000;  // of users, and of projects

// The first fault of the request in itself. Error: kInvalid.
[[nodiscard]] Status check_reservation(const ReservationRequest& request);

struct Window {
  Time begin;
  Time end;  // not in it

  [[nodiscard]] bool overlaps(Time from, Time to) const { return begin < to && from < end; }
  friend bool operator==(const Window&, const Window&) = default;
};

// The window of that number, from 0; none beyond the last one.
[[nodiscard]] std::optional<Window> window_of(const ReservationRequest& request,
                                              std::uint32_t number);

// The first time at which a window of each is open; none where that never comes.
[[nodiscard]] std::optional<Time> first_overlap(const ReservationRequest& one,
                                                const ReservationRequest& other);

template <typename A>
void fields(A& a, ZoneOffset& v) {
  a(v.from, v.offset);
}
template <typename A>
void fields(A& a, ReservationRequest& v) {
  a(v.name, v.start, v.length, v.recurrence, v.until, v.zone, v.offsets, v.nodes, v.node_count,
    v.partition, v.users, v.projects, v.maintenance, v.is_private, v.replace);
}

}  // namespace usine
