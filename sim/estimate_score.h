// How honest estimates are: every estimate of a replay is held against the real start of its job,
// and the share of starts inside the stated ranges is counted by the job's size and by how far
// ahead the estimate said. Knows nothing of how estimates are made. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/ids.h"
#include "common/time.h"
#include "scheduler/estimate/estimate.h"

namespace usine::sim {

// Of the estimates of one kind.
struct Calibration {
  std::uint64_t estimates = 0;
  std::uint64_t inside = 0;   // the real start lies in the range
  std::uint64_t before = 0;   // the job started before the range
  double error_median_s = 0;  // between estimated and real start
  // (latest - made + 1 min) / (earliest - made + 1 min): how far apart the ends of the range lie.
  double width_median = 0;
};

struct SizeCalibration {
  std::uint64_t from = 0;  // GPUs, else nodes
  std::uint64_t to = 0;    // inclusive
  Calibration found;
};

// The real waits behind estimates of about the same wait, both from when the estimate was made.
struct RealWaits {
  double estimated_s = 0;  // the middle of those: they lie within a factor of the root of 2
  std::uint64_t estimates = 0;
  double p10_s = 0;
  double p50_s = 0;
  double p90_s = 0;
};

inline constexpr std::array<std::string_view, 4> kAheads = {"<1h", "1-6h", "6-24h", ">1d"};

struct EstimateFigures {
  Calibration all;
  std::vector<SizeCalibration> sizes;  // those with estimates, ascending
  // By kAheads: from when the estimate was made to the start that it named.
  std::array<Calibration, kAheads.size()> aheads;
  std::vector<RealWaits> waits;  // those with estimates, shortest first
  std::uint64_t refreshes = 0;
  std::uint64_t open = 0;  // of jobs that never started: not scored
};

class EstimateScore {
 public:
  void submitted(JobId job, std::uint64_t size);
  void made(const Estimates& estimates);
  void started(JobId job, Time at);
  void ended(JobId job);

  [[nodiscard]] EstimateFigures figures() const;

 private:
  // Medians are of logarithms to base 2 in 32nds, so a figure is right to about 1 %.
  static constexpr std::size_t kLevels = 32 * 32;
  using Levels = std::array<std::uint64_t, kLevels>;

  struct Tally {
    std::uint64_t estimates = 0;
    std::uint64_t inside = 0;
    std::uint64_t before = 0;
    Levels errors{};
    Levels widths{};

    [[nodiscard]] Calibration calibration() const;
  };
  // Of estimates of about the same wait.
  struct WaitTally {
    std::uint64_t estimates = 0;
    Levels real{};
  };
  struct Made {
    std::int64_t made_s = 0;
    std::int32_t start_s = 0;  // from then on, as the two others
    std::int32_t earliest_s = 0;
    std::int32_t latest_s = 0;
  };
  struct Waiting {
    std::size_t size = 0;  // class
    std::vector<Made> made;
  };

  // Each twice as long as the one before; the first are of a minute, the last of 45 days.
  static constexpr std::size_t kWaitClasses = 17;
  static constexpr std::array<std::uint64_t, 4> kSizeEnds = {1, 8, 64, ~std::uint64_t{0}};

  static void score(const Made& made, std::int64_t real_s, Tally& tally);

  std::unordered_map<JobId, Waiting> waiting_;
  std::vector<Tally> sizes_ = std::vector<Tally>(kSizeEnds.size());
  std::vector<Tally> aheads_ = std::vector<Tally>(kAheads.size());
  std::vector<WaitTally> waits_ = std::vector<WaitTally>(kWaitClasses);
  std::vector<Tally> all_ = std::vector<Tally>(1);
  std::uint64_t refreshes_ = 0;
  std::uint64_t open_ = 0;  // of jobs that ended without a start
};

}  // namespace usine::sim
