// How much of their time limits jobs use. Of all, by limits of about one length, learned from those
// that ended and from those that have run so far and go on; of each user a mean beside it, since
// users differ more than limits do. So it is known what a job is likely to take, also one that has
// run for a while. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "common/time.h"
#include "scheduler/estimate/survival.h"

namespace usine {

class EstimateLengths {
 public:
  EstimateLengths();

  static constexpr std::size_t kUsersMax = 10'000;  // the others go by all

  // A job has ended.
  void learn(const std::string& user, Seconds run, Seconds limit);

  // What runs now, told anew for each fit().
  void forget_running();
  void note_running(Seconds elapsed, Seconds limit);
  // Works out what the questions below are answered from; before anything is known, every part of
  // a limit is taken to be equally likely.
  void fit();

  // The whole run of a job that has run for `elapsed`, which may be 0; not less than that.
  [[nodiscard]] Seconds expected(const std::string& user, Seconds limit, Seconds elapsed) const;

 private:
  static constexpr std::size_t kParts = 64;   // of a limit
  static constexpr std::size_t kLimits = 12;  // kinds, each four times as long, from a minute
  static constexpr std::uint32_t kRemembered = 2048;  // ends of a kind; then what is known halves

  static constexpr std::uint32_t kRememberedOfUser = 32;

  // Of one user's jobs with limits of one kind.
  struct Mean {
    std::uint32_t ends = 0;
    std::uint32_t parts = 0;  // 64ths of a part, sum
  };
  using Means = std::array<Mean, kLimits>;
  using Seen = Observed<kParts>;

  [[nodiscard]] static std::size_t kind_of(Seconds limit);
  [[nodiscard]] static std::size_t part_of(Seconds run, Seconds limit);
  // What is left of the limit to be used, in 64ths of a part.
  [[nodiscard]] std::uint64_t left_by_all(std::size_t kind, std::size_t part) const;

  std::array<Seen, kLimits> seen_{};
  std::array<std::uint32_t, kLimits> ends_{};  // sums
  std::array<Survival<kParts>, kLimits> fitted_{};
  std::map<std::string, Means> users_;
};

}  // namespace usine
