#include "model/reservation_request.h"

#include <algorithm>
#include <array>

#include "model/request.h"

namespace usine {
namespace {

constexpr std::array<std::string_view, 3> kRecurrenceWords = {"once", "daily", "weekly"};
constexpr Seconds kLengthMax{366 * 24 * 3600};

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

Seconds period_of(Recurrence recurrence) {
  constexpr Seconds kDay{24 * 3600};
  return recurrence == Recurrence::kWeekly ? 7 * kDay : kDay;
}

Seconds offset_at(const ReservationRequest& request, Time time) {
  const auto later = std::ranges::upper_bound(request.offsets, time, {},
                                              [](const ZoneOffset& one) { return one.from; });
  if (request.offsets.empty()) return Seconds(0);
  return later == request.offsets.begin() ? later->offset : std::prev(later)->offset;
}

// The instant at which clocks of the zone show what `local` would be in UTC.
Time from_local(const ReservationRequest& request, Time local) {
  const Time guess = local - offset_at(request, local);
  return local - offset_at(request, guess);
}

Status check_times(const ReservationRequest& request) {
  if (request.length <= Seconds(0)) return invalid("a reservation must end after it starts");
  if (request.length > kLengthMax) {
    return invalid("a reservation lasts a year at most, and this one " +
                   format_duration(request.length));
  }
  if (request.recurrence == Recurrence::kOnce) return {};
  if (request.length >= period_of(request.recurrence)) {
    return invalid("windows of " + format_duration(request.length) + " that come again " +
                   std::string(to_string(request.recurrence)) + " would run into each other");
  }
  if (request.until <= request.start) {
    return invalid("a recurring reservation must go on until after its start");
  }
  if (request.zone.empty() || request.offsets.empty()) {
    return invalid("a recurring reservation needs the zone of its local time");
  }
  if (!std::ranges::is_sorted(request.offsets, {}, &ZoneOffset::from)) {
    return invalid("the offsets of the zone are not in order");
  }
  return {};
}

Status check_nodes(const ReservationRequest& request) {
  if (request.nodes.empty() && request.node_count == 0) {
    return invalid("a reservation needs nodes, by name or by number");
  }
  if (!request.nodes.empty() && request.node_count != 0) {
    return invalid("a reservation has nodes by name or by number, not both");
  }
  return {};
}

}  // namespace

std::string_view to_string(Recurrence recurrence) {
  return kRecurrenceWords[static_cast<std::size_t>(recurrence)];
}

std::optional<Recurrence> recurrence_from(std::string_view word) {
  const auto* const found = std::ranges::find(kRecurrenceWords, word);
  if (found == kRecurrenceWords.end()) return std::nullopt;
  return static_cast<Recurrence>(found - kRecurrenceWords.begin());
}

Status check_reservation(const ReservationRequest& request) {
  if (request.name.empty()) return invalid("a reservation needs a name");
  const auto odd = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == ','; };
  if (request.name.size() > kNameBytesMax || std::ranges::any_of(request.name, odd)) {
    return invalid("'" + request.name +
                   "' cannot name a reservation: no spaces, commas or control characters, at "
                   "most " +
                   std::to_string(kNameBytesMax) + " bytes");
  }
  if (request.users.size() > kReservationNamesMax ||
      request.projects.size() > kReservationNamesMax) {
    return invalid("a reservation names " + std::to_string(kReservationNamesMax) +
                   " users and as many projects at most");
  }
  if (Status times = check_times(request); !times) return times;
  return check_nodes(request);
}

std::optional<Window> window_of(const ReservationRequest& request, std::uint32_t number) {
  if (number == 0) return Window{request.start, request.start + request.length};
  if (request.recurrence == Recurrence::kOnce || number >= kReservationWindowsMax) {
    return std::nullopt;
  }
  const Time first = request.start + offset_at(request, request.start);
  const Time begin = from_local(request, first + number * period_of(request.recurrence));
  if (begin >= request.until) return std::nullopt;
  return Window{begin, begin + request.length};
}

std::optional<Time> first_overlap(const ReservationRequest& one, const ReservationRequest& other) {
  std::uint32_t a = 0;
  std::uint32_t b = 0;
  auto left = window_of(one, a);
  auto right = window_of(other, b);
  while (left && right) {
    if (left->overlaps(right->begin, right->end)) return std::max(left->begin, right->begin);
    if (left->end <= right->begin) {
      left = window_of(one, ++a);
    } else {
      right = window_of(other, ++b);
    }
  }
  return std::nullopt;
}

}  // namespace usine
