// How long jobs run, as far as their limits tell: how much of them jobs use is learned here, by
// limits of about one length, from those that ended and from those that have run so far and go on.
// How long runs of one script take is known to the state (core/run_times.h) and is not learned
// again; here is how it goes on when a job has run for longer. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "common/time.h"
#include "scheduler/estimate/survival.h"

namespace usine {

class EstimateLengths {
 public:
  EstimateLengths();

  // A job has ended.
  void learn(Seconds run, Seconds limit);

  // What runs now, told anew for each fit().
  void forget_running();
  void note_running(Seconds elapsed, Seconds limit);
  // Works out what the questions below are answered from; before anything is known, every part of
  // a limit is taken to be equally likely.
  void fit();

  // The whole run of a job that has run for `elapsed`, which may be 0; not less than that.
  // `of_script`: how long runs of its script took, where any is known.
  [[nodiscard]] Seconds expected(Seconds limit, Seconds elapsed,
                                 std::optional<Seconds> of_script) const;

 private:
  static constexpr std::size_t kParts = 64;   // of a limit
  static constexpr std::size_t kLimits = 12;  // kinds, each four times as long, from a minute
  static constexpr std::uint32_t kRemembered = 2048;  // ends of a kind; then what is known halves

  using Seen = Observed<kParts>;

  [[nodiscard]] static std::size_t kind_of(Seconds limit);
  [[nodiscard]] static std::size_t part_of(Seconds run, Seconds limit);
  // What is left of the limit to be used, in 64ths of a part.
  [[nodiscard]] std::uint64_t left_by_all(std::size_t kind, std::size_t part) const;

  std::array<Seen, kLimits> seen_{};
  std::array<std::uint32_t, kLimits> ends_{};  // sums
  std::array<Survival<kParts>, kLimits> fitted_{};
};

}  // namespace usine
