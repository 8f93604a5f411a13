// What questions at a steady rate cost: how long pages of the queue and explanations of waiting
// jobs take on a scheduler with many waiting jobs on a busy machine, and by how much the planning
// passes that follow events become slower. Questions are sent by the clock, whether earlier ones
// were answered or not, and timed from when they were due. Prints p99_ms, explain_p99_ms and
// planning_slowdown.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"
#include "benchmarks/scheduling/busy_store.h"
#include "benchmarks/scheduling/own_scheduler.h"
#include "benchmarks/scheduling/silent_agents.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::uint32_t kRowsPerQuery = 100;
constexpr std::int64_t kClients = 8;  // of each kind of question
constexpr std::size_t kStep = 7919;   // a prime, so that many jobs are asked about before one again

struct Settings {
  std::int64_t rate;           // questions a second
  std::int64_t explain_share;  // of those, in percent
  std::int64_t seconds;
};

// Asks the n-th question of all.
using Ask = std::function<Status(cli::Client&, std::size_t)>;

struct Questions {
  double rate = 0;  // a second, over all clients
  Ask ask;
};

// One client's share of the questions, evenly spaced.
Result<std::vector<double>> ask_steadily(cli::Client& client, const Questions& questions,
                                         std::int64_t number, std::int64_t seconds) {
  const std::chrono::duration<double> apart(kClients / questions.rate);
  const auto count = std::llround(questions.rate * static_cast<double>(seconds) / kClients);
  const auto begin = steady_clock::now();
  std::vector<double> latency_ms;
  for (std::int64_t i = 0; i < count; ++i) {
    const double turn = static_cast<double>(i) + static_cast<double>(number) / kClients;
    const auto due = begin + std::chrono::duration_cast<steady_clock::duration>(apart * turn);
    std::this_thread::sleep_until(due);
    const Status asked = questions.ask(client, static_cast<std::size_t>(i * kClients + number));
    if (!asked) return fail(asked.error());
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - due;
    latency_ms.push_back(took.count());
  }
  return latency_ms;
}

Result<std::vector<double>> ask_all(const OwnScheduler& scheduler, const Questions& questions,
                                    std::int64_t seconds) {
  std::vector<cli::Client> clients;
  for (std::int64_t i = 0; i < kClients; ++i) {
    auto client = scheduler.connect();
    if (!client) return fail(client.error());
    clients.push_back(*std::move(client));
  }
  std::vector<Result<std::vector<double>>> outcomes(clients.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients.size(); ++i) {
    threads.emplace_back([&clients, &outcomes, &questions, seconds, i] {
      outcomes[i] = ask_steadily(clients[i], questions, static_cast<std::int64_t>(i), seconds);
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

Ask page_of(const std::vector<JobId>& waiting) {
  return [&waiting](cli::Client& client, std::size_t n) -> Status {
    proto::ListJobsRequest request;
    request.set_limit(kRowsPerQuery);
    request.set_after(waiting[n * kStep % waiting.size()].value);
    const auto page = client.list_jobs(request);
    return page ? Status() : fail(page.error());
  };
}

// With the changes that would start the job sooner, where `changes`.
Ask explanation_of(const std::vector<JobId>& waiting, bool changes) {
  return [&waiting, changes](cli::Client& client, std::size_t n) -> Status {
    proto::ExplainRequest request;
    request.set_job(waiting[n * kStep % waiting.size()].value);
    request.set_without_changes(!changes);
    const auto told = client.explain(request);
    return told ? Status() : fail(told.error());
  };
}

// ---- all kinds of questions at once -----------------------------------------------------------

struct Latencies {
  std::vector<double> page_ms;
  std::vector<double> explain_ms;
  std::vector<double> rules_ms;  // of explanations without changes
};

Result<Latencies> ask_everything(const OwnScheduler& scheduler, const BusyStore& store,
                                 const Settings& settings) {
  const double rate = static_cast<double>(settings.rate);
  const double explained = rate * static_cast<double>(settings.explain_share) / 100;
  const Questions kinds[] = {{rate - explained, page_of(store.waiting)},
                             {explained / 2, explanation_of(store.waiting, true)},
                             {explained / 2, explanation_of(store.waiting, false)}};
  Result<std::vector<double>> found[std::size(kinds)];
  std::vector<std::thread> threads;
  for (std::size_t kind = 0; kind < std::size(kinds); ++kind) {
    threads.emplace_back(
        [&, kind] { found[kind] = ask_all(scheduler, kinds[kind], settings.seconds); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& latency_ms : found) {
    if (!latency_ms) return fail(latency_ms.error());
  }
  return Latencies{*std::move(found[0]), *std::move(found[1]), *std::move(found[2])};
}

// Keeps the planner making passes, by holding and releasing a waiting job, while
// `meanwhile` lasts. Returns the mean duration of a pass in ms.
template <typename Work>
Result<double> mean_pass_ms(cli::Client& client, JobId job, Work meanwhile) {
  std::atomic<bool> ended = false;
  std::optional<Error> error;
  const auto before = client.get_cluster();
  if (!before) return fail(before.error());
  std::thread changer([&] {
    proto::ActOnJobsRequest request;
    request.add_jobs(job.value);
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

struct Size {
  std::uint32_t nodes;
  std::int64_t waiting;
};

Result<Report> measure(const Settings& settings, const Size& size) {
  BusyStore store;
  const auto prepare = [&](const std::filesystem::path& folder) -> Status {
    auto written = write_busy_store(folder, size.nodes, size.waiting);
    if (!written) return fail(written.error());
    store = *std::move(written);
    return {};
  };
  auto scheduler = OwnScheduler::start(prepare);
  if (!scheduler) return fail(scheduler.error());
  const auto agents = SilentAgents::join((*scheduler)->folder(), store);
  if (!agents) return fail(agents.error());
  auto client = (*scheduler)->connect();
  if (!client) return fail(client.error());
  if (store.waiting.empty()) return fail(ErrorCode::kInvalid, "all jobs run: --waiting more");
  const JobId last = store.waiting.back();
  const auto quiet = [&settings] {
    std::this_thread::sleep_for(std::chrono::seconds(settings.seconds));
  };
  const auto alone_ms = mean_pass_ms(*client, last, quiet);
  if (!alone_ms) return fail(alone_ms.error());
  Result<Latencies> latencies;
  const auto queried_ms = mean_pass_ms(
      *client, last, [&] { latencies = ask_everything(**scheduler, store, settings); });
  if (!latencies) return fail(latencies.error());
  if (!queried_ms) return fail(queried_ms.error());
  const Spread pages = spread_of(std::move(latencies->page_ms));
  const Spread explanations = spread_of(std::move(latencies->explain_ms));
  Report report("bench-queries");
  report.setting("rate", settings.rate);
  report.setting("explain_share", settings.explain_share);
  report.setting("nodes", size.nodes);
  report.setting("waiting", static_cast<std::int64_t>(store.waiting.size()));
  report.setting("seconds", settings.seconds);
  report.figure("latency_ms", pages);
  report.figure("p99_ms", pages.p99);
  report.figure("explain_ms", explanations);
  report.figure("explain_p99_ms", explanations.p99);
  report.figure("explain_without_changes_ms", spread_of(std::move(latencies->rules_ms)));
  report.figure("pass_ms_alone", *alone_ms);
  report.figure("pass_ms_queried", *queried_ms);
  report.figure("planning_slowdown", *queried_ms / *alone_ms - 1);
  return report;
}

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv,
                                     {{"rate", 1000},
                                      {"explain-share", 1},
                                      {"nodes", 12'500},
                                      {"waiting", 100'000},
                                      {"seconds", 10}});
  if (!options) {
    std::fprintf(stderr, "bench-queries: %s\n", options.error().message.c_str());
    return 2;
  }
  const auto& counts = options->counts;
  if (counts.at("explain-share") >= 100 || counts.at("nodes") < 2) {
    std::fprintf(stderr,
                 "bench-queries: --explain-share is a percentage below 100, and --nodes "
                 "at least 2\n");
    return 2;
  }
  const auto report =
      measure({counts.at("rate"), counts.at("explain-share"), counts.at("seconds")},
              {static_cast<std::uint32_t>(counts.at("nodes")), counts.at("waiting")});
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
