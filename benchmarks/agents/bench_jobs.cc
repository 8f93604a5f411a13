// Small jobs from submission to recorded end: /bin/true as a whole job, many of them, with real
// processes on emulated nodes. Prints jobs_per_s and cpu_ms_per_job.
#include <cstdio>
#include <thread>
#include <vector>

#include "benchmarks/agents/bench_cluster.h"
#include "benchmarks/common/program.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kClients = 8;
constexpr std::chrono::seconds kRunTimeMax{600};

// Submits `count` jobs over one connection, one request in flight. Error: the first refusal.
Status submit_jobs(const BenchCluster& cluster, std::size_t count) {
  auto client = cluster.connect();
  if (!client) return fail(client.error());
  const proto::SubmitRequest request = job_request("#!/bin/true\n", 1);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto reply = client->submit(request); !reply) return fail(reply.error());
  }
  return {};
}

Status submit_from_all_clients(const BenchCluster& cluster, std::size_t jobs) {
  std::vector<Status> ends(kClients);
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < kClients; ++i) {
      const std::size_t share = jobs * (i + 1) / kClients - jobs * i / kClients;
      clients.emplace_back([&, i, share] { ends[i] = submit_jobs(cluster, share); });
    }
  }
  for (const Status& end : ends) {
    if (!end) return end;
  }
  return {};
}

Status check_all_completed(cli::Client& client, std::size_t jobs) {
  const auto history = cli::list_all_history(client, {});
  if (!history) return fail(history.error());
  std::size_t completed = 0;
  for (const auto& entry : history->entries()) {
    if (entry.state() == "completed") ++completed;
  }
  if (completed == jobs) return {};
  return fail(ErrorCode::kConflict, "only " + std::to_string(completed) + " of " +
                                        std::to_string(jobs) + " jobs have completed");
}

Result<Report> measure(std::size_t nodes, std::size_t jobs, const std::string& run_dir) {
  auto cluster = BenchCluster::start(nodes, run_dir);
  if (!cluster) return fail(cluster.error());
  auto client = (*cluster)->connect();
  if (!client) return fail(client.error());

  const auto cpu_before = (*cluster)->cpu_time();
  const auto begin = steady_clock::now();
  if (const Status sent = submit_from_all_clients(**cluster, jobs); !sent) {
    return fail(sent.error());
  }
  const std::chrono::duration<double> submitted = steady_clock::now() - begin;
  if (const Status idle = (*cluster)->wait_until_idle(*client, kRunTimeMax); !idle) {
    return fail(idle.error());
  }
  const std::chrono::duration<double> took = steady_clock::now() - begin;
  const auto cpu_used = (*cluster)->cpu_time() - cpu_before;
  if (const Status all = check_all_completed(*client, jobs); !all) return fail(all.error());

  Report report("bench-jobs");
  report.setting("nodes", static_cast<std::int64_t>(nodes));
  report.setting("jobs", static_cast<std::int64_t>(jobs));
  report.setting("clients", kClients);
  report.setting("run_dir", run_dir);
  const auto count = static_cast<double>(jobs);
  report.figure("jobs_per_s", count / took.count());
  report.figure("cpu_ms_per_job", 1000 * cpu_used.count() / count);
  report.figure("submitted_per_s", count / submitted.count());
  return report;
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) {
  const auto measure = [](const usine::bench::Options& options) {
    return usine::bench::measure(static_cast<std::size_t>(options.counts.at("nodes")),
                                 static_cast<std::size_t>(options.counts.at("jobs")),
                                 options.texts.at("run-dir"));
  };
  return usine::bench::run_program({.name = "bench-jobs",
                                    .counts = {{"nodes", 4}, {"jobs", 1000}},
                                    .texts = {{"run-dir", usine::bench::kRunDir}},
                                    .measure = measure},
                                   argc, argv);
}
