// How many jobs a second a scheduler takes in, each answered only once it is durable, from clients
// with one request in flight each. Prints jobs_per_s and latency_ms, and what the disk alone does.
#include <chrono>
#include <cstdio>

#include "benchmarks/common/machine.h"
#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"
#include "benchmarks/scheduling/own_scheduler.h"

namespace usine::bench {
namespace {

constexpr std::uint32_t kNodes = 4;

Result<Report> measure(std::int64_t clients, std::int64_t jobs) {
  auto scheduler = OwnScheduler::start(kNodes);
  if (!scheduler) return fail(scheduler.error());
  const auto disk = durable_appends_per_second((*scheduler)->folder());
  if (!disk) return fail(disk.error());
  // Connections, caches and files are as they are in a scheduler that has run for a while.
  if (const auto warm = submit_many(**scheduler, clients, clients * 50); !warm) {
    return fail(warm.error());
  }
  const auto cpu_before = (*scheduler)->cpu_time();
  const auto begin = std::chrono::steady_clock::now();
  auto latency_ms = submit_many(**scheduler, clients, jobs);
  if (!latency_ms) return fail(latency_ms.error());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto cpu_used = (*scheduler)->cpu_time() - cpu_before;
  Report report("bench-submit");
  report.setting("clients", clients);
  report.setting("jobs", jobs);
  const auto count = static_cast<double>(jobs);
  report.figure("jobs_per_s", count / took.count());
  report.figure("latency_ms", spread_of(*std::move(latency_ms)));
  report.figure("scheduler_cpu_us_per_job", 1e6 * cpu_used.count() / count);
  report.figure("disk_appends_per_s", *disk);
  return report;
}

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv, {{"clients", 8}, {"jobs", 20'000}});
  if (!options) {
    std::fprintf(stderr, "bench-submit: %s\n", options.error().message.c_str());
    return 2;
  }
  const auto report = measure(options->counts.at("clients"), options->counts.at("jobs"));
  if (!report) {
    std::fprintf(stderr, "bench-submit: %s\n", report.error().message.c_str());
    return 1;
  }
  std::fputs((options->json ? report->json() : report->text()).c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) { return usine::bench::run(argc, argv); }
