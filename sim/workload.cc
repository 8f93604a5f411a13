#include "sim/workload.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "sim/chance.h"
#include "sim/guessed_limits.h"

namespace usine::sim {
namespace {

constexpr std::uint64_t kUsers = 500;
constexpr std::uint64_t kProjects = 200;
constexpr std::uint64_t kScriptsPerUser = 3;  // for jobs of one size
constexpr std::int64_t kRunMax_s = 7 * 86'400;
// Runs of one script: log-normal about its median.
constexpr double kScriptSigma = 0.4;
constexpr double kEarlyFailures = 0.15;  // end after 10 s to 10 min, log-uniform
constexpr double kSweeps = 0.15;         // submissions of up to 64 GPUs that come as many alike
constexpr double kSweepMax = 32;
constexpr double kWholeDomains = 0.25;  // of 64 to 4,096 GPUs: 72 for each 64
constexpr double kLimitFactorMin = 1.5;
constexpr double kLimitFactorMax = 10;

// Jobs of like size: which powers of two, how often, and how long they run.
struct SizeRow {
  double share;  // of the jobs
  unsigned first_power;
  unsigned powers;    // each as often
  double median_min;  // of the medians of the scripts, in minutes
  double sigma;       // of their logarithms
};
constexpr std::array kSizes = {
    SizeRow{0.550, 0, 1, 15, 1.6},    // 1 GPU
    SizeRow{0.120, 2, 1, 45, 1.5},    // 4: a node
    SizeRow{0.240, 3, 4, 120, 1.4},   // 8 to 64
    SizeRow{0.075, 7, 3, 240, 1.2},   // 128 to 512
    SizeRow{0.014, 10, 3, 360, 1.0},  // 1,024 to 4,096
    SizeRow{0.001, 13, 2, 480, 0.8},  // 8,192 and 16,384
};

double log_uniform(Chance& chance, double least, double most) {
  return least * std::exp(chance.part() * std::log(most / least));
}

// Mean 0 and deviation 1: the sum of twelve even parts is normal as far as matters here.
double normal(Chance& chance) {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += chance.part();
  return sum;
}

// Weights 1, 1/2, 1/3, ...: a few users submit most jobs.
class UserChoice {
 public:
  UserChoice() {
    for (std::uint64_t user = 0; user < kUsers; ++user) {
      up_to_[user] = (user > 0 ? up_to_[user - 1] : 0) + 1 / static_cast<double>(user + 1);
    }
  }
  [[nodiscard]] std::uint64_t draw(Chance& chance) const {
    const double at = chance.part() * up_to_.back();
    return static_cast<std::uint64_t>(std::ranges::upper_bound(up_to_, at) - up_to_.begin());
  }

 private:
  std::array<double, kUsers> up_to_{};
};

// What the scripts of a user are like follows from the seed alone, whenever they are first run.
struct Script {
  double median_s;
  Seconds limit;
  unsigned power;
};

Script script_of(std::uint64_t seed, std::size_t row, std::uint64_t user, std::uint64_t number) {
  const SizeRow& size = kSizes[row];
  const std::uint64_t place = (user * kScriptsPerUser + number) * kSizes.size() + row;
  Chance chance(seed * 1'000'003 + place + 1);
  Script script{};
  const double longest = static_cast<double>(kRunMax_s) / 2;
  script.median_s =
      std::clamp(60 * size.median_min * std::exp(size.sigma * normal(chance)), 30.0, longest);
  const double factor = log_uniform(chance, kLimitFactorMin, kLimitFactorMax);
  const auto wanted = static_cast<std::int64_t>(script.median_s * factor);
  script.limit = usual_limit(Seconds(std::min(wanted, kRunMax_s)));
  script.power = size.first_power + static_cast<unsigned>(chance.below(size.powers));
  return script;
}

std::size_t draw_row(Chance& chance) {
  double at = chance.part();
  std::size_t row = 0;
  while (row + 1 < kSizes.size() && at >= kSizes[row].share) at -= kSizes[row++].share;
  return row;
}

TraceJob draw_job(Chance& chance, std::uint64_t seed, const UserChoice& users) {
  const std::size_t row = draw_row(chance);
  const std::uint64_t user = users.draw(chance);
  const std::uint64_t number = chance.below(kScriptsPerUser);
  const Script script = script_of(seed, row, user, number);
  TraceJob job;
  job.gpus = 1u << script.power;
  const bool whole_domains = script.power >= 6 && script.power <= 12;
  if (whole_domains && chance.part() < kWholeDomains) job.gpus = *job.gpus / 64 * 72;
  const double run = chance.part() < kEarlyFailures
                         ? log_uniform(chance, 10, 600)
                         : script.median_s * std::exp(kScriptSigma * normal(chance));
  job.run = Seconds(std::max<std::int64_t>(std::llround(run), 1));
  job.limit = script.limit;
  job.user = "user" + std::to_string(user + 1);
  job.project = "project" + std::to_string(user % kProjects + 1);
  job.name = "script" + std::to_string(row + 1) + '-' + std::to_string(number + 1);
  return job;
}

// How many jobs come in an hour of the week, against one at night: three in working hours, less at
// weekends.
double rate_at(std::int64_t hour) {
  const std::int64_t day = hour / 24 % 7;
  const std::int64_t of_day = hour % 24;
  if (day >= 5) return 0.7;
  return of_day >= 8 && of_day < 20 ? 3.0 : 1.0;
}

// Spreads the groups over `span_s` with the rates of the week: the k-th of n comes when the k-th
// part of all that comes has come.
std::vector<std::int64_t> arrivals(Chance& chance, std::size_t groups, double span_s) {
  std::vector<double> when;
  for (std::size_t i = 0; i < groups; ++i) when.push_back(chance.part());
  std::ranges::sort(when);
  const auto hours = static_cast<std::int64_t>(std::ceil(span_s / 3'600));
  double whole = 0;
  for (std::int64_t hour = 0; hour < hours; ++hour) whole += rate_at(hour);
  std::vector<std::int64_t> times;
  double before = 0;
  std::int64_t hour = 0;
  for (const double part : when) {
    const double due = part * whole;
    while (hour + 1 < hours && before + rate_at(hour) < due) before += rate_at(hour++);
    const double into = std::min((due - before) / rate_at(hour), 1.0);
    times.push_back(hour * 3'600 + static_cast<std::int64_t>(into * 3'600));
  }
  return times;
}

double gpu_seconds(const TraceJob& job) {
  return static_cast<double>(*job.gpus) *
         std::chrono::duration<double>(std::min<Millis>(*job.run, *job.limit)).count();
}

}  // namespace

std::vector<TraceJob> giga_mix(const WorkloadSettings& settings) {
  Chance chance(settings.seed);
  const UserChoice users;
  std::vector<TraceJob> jobs;
  std::vector<std::size_t> begins;  // of what is submitted at once
  double needed = 0;
  while (jobs.size() < settings.jobs) {
    begins.push_back(jobs.size());
    const TraceJob first = draw_job(chance, settings.seed, users);
    const bool sweeps = *first.gpus <= 64 && chance.part() < kSweeps;
    const double alike = sweeps ? log_uniform(chance, 2, kSweepMax) : 1;
    for (double i = 1; i <= alike && jobs.size() < settings.jobs; ++i) {
      TraceJob job = first;
      if (i > 1) {
        const double run = std::chrono::duration<double>(*first.run).count();
        job.run = Seconds(std::llround(run * std::exp(kScriptSigma * normal(chance))) + 1);
      }
      needed += gpu_seconds(job);
      jobs.push_back(std::move(job));
    }
  }
  const double span = needed / (settings.load * static_cast<double>(settings.gpus));
  const std::vector<std::int64_t> times = arrivals(chance, begins.size(), span);
  for (std::size_t group = 0; group < begins.size(); ++group) {
    const std::size_t end = group + 1 < begins.size() ? begins[group + 1] : jobs.size();
    for (std::size_t i = begins[group]; i < end; ++i) {
      jobs[i].submit = Seconds(times[group] + static_cast<std::int64_t>(i - begins[group]));
    }
  }
  std::ranges::stable_sort(jobs, {}, &TraceJob::submit);
  return jobs;
}

}  // namespace usine::sim
