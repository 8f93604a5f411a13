// How far predictions of waits have been off, and so the range that one is given with. Some of the
// predictions that were made are remembered with what became of them; for each kind of prediction
// (how long a wait, how large a job) the ratio of real to predicted wait has quantiles, and the
// range lies between two of them. Jobs that still wait count too, as long as they have: else the
// quantiles would be those of jobs that start soon. The quantiles are of the product-limit estimate
// for such censored observations: Kaplan and Meier, "Nonparametric estimation from incomplete
// observations", J. Am. Stat. Assoc. 53(282), 1958. Jobs that wait at one time wait for the same, a
// long job's end perhaps, and are wrong together: however many they are, they say as much as one
// (an effective sample size: Kish, "Survey Sampling", 1965), and where little has been seen the
// range stays nearly as wide as it is before anything is known. What is known of short waits says
// nothing of long ones. Since machines do not stay as they were, the
// ends of the ranges are moved on as they miss too often or too seldom, which makes the share right
// in the long run whatever happens: Gibbs and Candes, "Adaptive conformal inference under
// distribution shift", NeurIPS 2021; as steps of a quantile: Angelopoulos, Candes and Tibshirani,
// "Conformal PID control for time series prediction", NeurIPS 2023. Bounded memory, integer
// arithmetic; pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/estimate/survival.h"

namespace usine {

// What the run ahead said of one job.
struct Prediction {
  JobId job;
  Seconds wait{0};         // from now on
  std::uint32_t size = 0;  // EstimateRanges::size_of
};

class EstimateRanges {
 public:
  static constexpr std::size_t kSizes = 3;
  static constexpr std::size_t kWaits = 16;            // doubling from a minute
  static constexpr std::size_t kRememberedMax = 2048;  // of each kind
  // Waits are taken to be a minute longer than they are, so that their ratio says something of the
  // short ones too.
  static constexpr Seconds kOffset{60};

  EstimateRanges();

  // 0: up to a node of `nodes`, 1: up to a sixteenth of them, 2: more.
  [[nodiscard]] static std::uint32_t size_of(std::uint32_t nodes_asked, std::size_t nodes);

  // The predictions of one refresh; takes some of them into its memory, in whatever order they are.
  void remember(const std::vector<Prediction>& predictions, Time now);
  // The job has started, or never will.
  void started(JobId job, Time now);
  void gone(JobId job);

  // Works the quantiles out anew.
  void learn(Time now);

  struct Range {
    Seconds earliest{0};
    Seconds middle{0};
    Seconds latest{0};
  };
  // As learn() left it; before anything is known: from an eighth to eight times the wait.
  [[nodiscard]] Range range_of(Seconds wait, std::uint32_t size) const;

 private:
  // Ratios are logarithms to base 2, in eighths; -16 to 16 octaves.
  static constexpr std::int32_t kPerOctave = 8;
  static constexpr std::size_t kRatios = 32 * kPerOctave;
  static constexpr std::size_t kKinds = kSizes * kWaits;
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};

  struct Sample {
    JobId job;
    Time made;
    Seconds wait{0};
    Seconds earliest{0};  // the range that was stated
    Seconds latest{0};
    bool judged = false;
    std::optional<Seconds> real;
    bool gone = false;
    std::uint32_t next_of_job = kNone;
  };
  struct Kind {
    std::vector<Sample> samples;  // a ring
    std::uint64_t taken = 0;      // ever
    std::uint64_t credit = 0;     // for samples to take, in thousandths
  };
  // What is known of the samples of a kind, or of several.
  struct Seen {
    Observed<kRatios> ratios;  // those that wait still are open
    std::uint64_t samples = 0;
    std::uint64_t apart = 0;  // the most whose waits do not overlap
  };
  struct Quantiles {
    std::int32_t low = 0;  // ratios, as above
    std::int32_t middle = 0;
    std::int32_t high = 0;
  };

  [[nodiscard]] static std::size_t kind_of(Seconds wait, std::uint32_t size);
  [[nodiscard]] static std::size_t ratio_of(Seconds real, Seconds wait);
  [[nodiscard]] static Seen look_at(const Kind& kind, Time now);
  // `wider` is what is known of a wider kind.
  [[nodiscard]] static Survival<kRatios> fit(const Seen& seen, const Survival<kRatios>& wider);
  [[nodiscard]] static Quantiles quantiles_of(const Survival<kRatios>& survival);
  enum class Verdict : std::uint8_t { kInside, kBefore, kAfter };
  void judge(std::size_t kind, Verdict verdict);
  void judge_overdue(Time now);
  void take(std::size_t kind, const Prediction& prediction, Time now);
  void forget(std::uint32_t number);

  std::vector<Kind> kinds_;
  std::array<Quantiles, kKinds> quantiles_{};
  // By wait: how much further the ends of ranges lie than the quantiles say, in thousandths.
  std::array<std::int32_t, kWaits> earlier_{};
  std::array<std::int32_t, kWaits> later_{};
  std::unordered_map<JobId, std::uint32_t> first_of_job_;  // samples: kind * kRememberedMax + place
  std::optional<Time> last_;                               // remember()
};

}  // namespace usine
