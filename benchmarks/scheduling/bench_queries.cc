// What queue queries at a steady rate cost: how long each takes on a scheduler with many waiting
// jobs, and by how much planning passes over all of them become slower. Queries are sent by the
// clock, whether earlier ones were answered or not, and timed from when they were due. Prints
// p99_ms and planning_slowdown.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>
#include <optional>
#include <thread>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"
#include "benchmarks/scheduling/own_scheduler.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kNodes = 64;
constexpr std::uint32_t kRowsPerQuery = 100;
constexpr std::int64_t kQueryClients = 8;
constexpr std::int64_t kSubmitClients = 8;

struct Settings {
  std::int64_t rate;
  std::int64_t waiting;
  std::int64_t seconds;
};

// One client's share of the queries, evenly spaced.
Result<std::vector<double>> query_steadily(cli::Client& client, const Settings& settings,
                                           std::int64_t number) {
  const auto apart = std::chrono::nanoseconds(1'000'000'000 * kQueryClients / settings.rate);
  const std::int64_t queries = settings.rate * settings.seconds / kQueryClients;
  const auto begin = steady_clock::now() + apart * number / kQueryClients;
  std::vector<double> latency_ms;
  for (std::int64_t i = 0; i < queries; ++i) {
    const auto due = begin + apart * i;
    std::this_thread::sleep_until(due);
    proto::ListJobsRequest request;
    request.set_limit(kRowsPerQuery);
    request.set_after(static_cast<std::uint64_t>((i * 7919 + number * 104'729) % settings.waiting));
    if (const auto page = client.list_jobs(request); !page) return fail(page.error());
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - due;
    latency_ms.push_back(took.count());
  }
  return latency_ms;
}

Result<std::vector<double>> query_all(const OwnScheduler& scheduler, const Settings& settings) {
  std::vector<cli::Client> clients;
  for (std::int64_t i = 0; i < kQueryClients; ++i) {
    auto client = scheduler.connect();
    if (!client) return fail(client.error());
    clients.push_back(*std::move(client));
  }
  std::vector<Result<std::vector<double>>> outcomes(clients.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([&clients, &outcomes, &settings, i] {
      outcomes[i] = query_steadily(clients[i], settings, static_cast<std::int64_t>(i));
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<double> latency_ms;
  for (const auto& outcome : outcomes) {
    if (!outcome) return fail(outcome.error());
    latency_ms.insert(latency_ms.end(), outcome->begin(), outcome->end());
  }
  return latency_ms;
}

// Keeps the planner passing over all waiting jobs, by holding and releasing one of them, while
// `meanwhile` lasts. Returns the mean duration of a pass in ms.
template <typename Work>
Result<double> mean_pass_ms(cli::Client& client, Work meanwhile) {
  std::atomic<bool> ended = false;
  std::optional<Error> error;
  const auto before = client.get_cluster();
  if (!before) return fail(before.error());
  std::thread changer([&] {
    proto::ActOnJobsRequest request;
    request.add_jobs(1);
    for (bool hold = true; !ended; hold = !hold) {
      request.set_action(hold ? proto::JOB_ACTION_HOLD : proto::JOB_ACTION_RELEASE);
      const auto reply = client.act_on_jobs(request);
      if (!reply) {
        error = reply.error();
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  meanwhile();
  ended = true;
  changer.join();
  if (error) return fail(*error);
  const auto after = client.get_cluster();
  if (!after) return fail(after.error());
  const std::uint64_t passes = after->planning_passes() - before->planning_passes();
  if (passes == 0) return fail(ErrorCode::kUnavailable, "the planner made no pass");
  const double us = static_cast<double>(after->planning_us() - before->planning_us());
  return us / 1000 / static_cast<double>(passes);
}

Result<Report> measure(const Settings& settings) {
  auto scheduler = OwnScheduler::start(kNodes);
  if (!scheduler) return fail(scheduler.error());
  const auto filled = submit_many(**scheduler, kSubmitClients, settings.waiting);
  if (!filled) return fail(filled.error());
  auto client = (*scheduler)->connect();
  if (!client) return fail(client.error());
  const auto quiet = [&settings] {
    std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
  };
  const auto alone_ms = mean_pass_ms(*client, quiet);
  if (!alone_ms) return fail(alone_ms.error());
  Result<std::vector<double>> latency_ms;
  const auto queried_ms =
      mean_pass_ms(*client, [&] { latency_ms = query_all(**scheduler, settings); });
  if (!latency_ms) return fail(latency_ms.error());
  if (!queried_ms) return fail(queried_ms.error());
  const Spread spread = spread_of(*std::move(latency_ms));
  Report report("bench-queries");
  report.setting("rate", settings.rate);
  report.setting("waiting", settings.waiting);
  report.setting("seconds", settings.seconds);
  report.figure("latency_ms", spread);
  report.figure("p99_ms", spread.p99);
  report.figure("pass_ms_alone", *alone_ms);
  report.figure("pass_ms_queried", *queried_ms);
  report.figure("planning_slowdown", *queried_ms / *alone_ms - 1);
  return report;
}

int run(int argc, char** argv) {
  const auto options =
      parse_options(argc, argv, {{"rate", 1000}, {"waiting", 100'000}, {"seconds", 10}});
  if (!options) {
    std::fprintf(stderr, "bench-queries: %s\n", options.error().message.c_str());
    return 2;
  }
  const auto& counts = options->counts;
  const auto report = measure({counts.at("rate"), counts.at("waiting"), counts.at("seconds")});
  if (!report) {
    std::fprintf(stderr, "bench-queries: %s\n", report.error().message.c_str());
    return 1;
  }
  std::fputs((options->json ? report->json() : report->text()).c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) { return usine::bench::run(argc, argv); }
