// Whether jobs keep out of what is reserved and those of a reservation stay in it (B79, B82), told
// from the committed events alone. Part of the witness.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/ids.h"
#include "scheduler/core/event.h"

namespace usine::sim {

class ReservationWatch {
 public:
  // Every event once, in order. What is wrong with it, in words; empty: nothing.
  [[nodiscard]] std::string take(const Event& event);

 private:
  // What is known of a job that may start.
  struct Asked {
    std::string reservation;
    Seconds limit{0};
  };

  [[nodiscard]] std::string check(const AttemptPlaced& placed) const;
  // Whether the job, which is there from then to its limit, may have the node as far as this
  // reservation goes.
  [[nodiscard]] static bool lets(const NodeReservation& one, const Asked& job, NodeId node,
                                 Time from);
  void on(const ReservedNodeChanged& event);

  std::map<std::string, NodeReservation> reservations_;
  std::map<JobId, Asked> jobs_;
};

}  // namespace usine::sim
