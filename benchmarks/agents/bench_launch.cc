// How long a job and a step take to start on an idle cluster: from the call that submits a job over
// all nodes to the first instruction of its script, from `usine run` in a job to its end with
// /bin/true as the step, one task a node, and from `usine run -n 1 /bin/true` outside of one to its
// end. Prints start_ms, step_ms and run_ms. With --processes none only start_ms, over agents that
// start no process.
#include <cstdio>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/stat.h>
#include <vector>

#include "benchmarks/agents/bench_cluster.h"
#include "benchmarks/agents/fleet_launch.h"
#include "benchmarks/common/options.h"
#include "benchmarks/common/report.h"

namespace usine::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kJobTimeMax{60};

// Numbers that a job sends, a line each, through a FIFO of the cluster's folder.
class NumberPipe {
 public:
  [[nodiscard]] static Result<NumberPipe> make(const std::string& path) {
    if (mkfifo(path.c_str(), 0600) != 0) return fail(ErrorCode::kIo, "cannot make " + path);
    // Opened for both ways, so that it neither waits for a writer nor ends with one.
    std::FILE* const file = std::fopen(path.c_str(), "r+e");
    if (file == nullptr) return fail(ErrorCode::kIo, "cannot open " + path);
    std::setvbuf(file, nullptr, _IONBF, 0);
    return NumberPipe(path, file);
  }

  [[nodiscard]] Result<double> read_ns() {
    pollfd readable{fileno(file_.get()), POLLIN, 0};
    constexpr int kMillis = 1000;
    long long number = 0;
    if (poll(&readable, 1, static_cast<int>(kJobTimeMax.count()) * kMillis) == 1 &&
        std::fscanf(file_.get(), "%lld", &number) == 1) {
      return static_cast<double>(number);
    }
    return fail(ErrorCode::kUnavailable, "the job did not start or ended with a fault");
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  NumberPipe(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::string path_;
  std::unique_ptr<std::FILE, Close> file_;
};

struct Setup {
  std::unique_ptr<BenchCluster> cluster;
  cli::Client client;
  NumberPipe numbers;
  std::size_t nodes;
};

Result<Setup> set_up(std::size_t nodes, const std::string& run_dir) {
  auto cluster = BenchCluster::start(nodes, run_dir);
  if (!cluster) return fail(cluster.error());
  auto client = (*cluster)->connect();
  if (!client) return fail(client.error());
  auto numbers = NumberPipe::make((*cluster)->folder() / "numbers");
  if (!numbers) return fail(numbers.error());
  return Setup{std::move(*cluster), std::move(*client), std::move(*numbers), nodes};
}

Result<double> start_one_job(Setup& setup) {
  // The kernel gives an interpreter one argument, and the script's own path after it.
  const std::string script = "#!" + program("bench-stamp") + ' ' + setup.numbers.path() + '\n';
  proto::SubmitRequest request = job_request(script, setup.nodes);
  const auto begin = steady_clock::now();
  if (const auto reply = setup.client.submit(request); !reply) return fail(reply.error());
  const auto first = setup.numbers.read_ns();
  if (!first) return first;
  if (const Status idle = setup.cluster->wait_until_idle(setup.client, kJobTimeMax); !idle) {
    return fail(idle.error());
  }
  const double begin_ns = static_cast<double>(begin.time_since_epoch().count());
  return (*first - begin_ns) / 1e6;
}

Result<std::vector<double>> measure_starts(Setup& setup, std::size_t count) {
  std::vector<double> times_ms;
  while (times_ms.size() < count) {
    const auto time_ms = start_one_job(setup);
    if (!time_ms) return fail(time_ms.error());
    times_ms.push_back(*time_ms);
  }
  return times_ms;
}

Result<std::vector<double>> measure_steps(Setup& setup, std::size_t count) {
  const std::string script = "#!/bin/sh\nexec " + program("bench-stamp") + ' ' +
                             setup.numbers.path() + " steps " + std::to_string(count) + ' ' +
                             program("usine") + '\n';
  const auto reply = setup.client.submit(job_request(script, setup.nodes));
  if (!reply) return fail(reply.error());
  std::vector<double> times_ms;
  while (times_ms.size() < count) {
    const auto time_ns = setup.numbers.read_ns();
    if (!time_ns) return fail(time_ns.error());
    times_ms.push_back(*time_ns / 1e6);
  }
  return times_ms;
}

Result<std::vector<double>> measure_runs(Setup& setup, std::size_t count) {
  std::vector<double> times_ms;
  while (times_ms.size() < count) {
    if (const Status idle = setup.cluster->wait_until_idle(setup.client, kJobTimeMax); !idle) {
      return fail(idle.error());
    }
    const auto begin = steady_clock::now();
    const Status ran = setup.cluster->run_usine({"run", "-n", "1"}, {"/bin/true"});
    if (!ran) return fail(ran.error());
    const std::chrono::duration<double, std::milli> took = steady_clock::now() - begin;
    times_ms.push_back(took.count());
  }
  return times_ms;
}

// Nodes without a process end where a script would begin, and have no steps.
Result<Report> measure_fleet(const Options& options) {
  const auto nodes = static_cast<std::size_t>(options.counts.at("nodes"));
  const auto jobs = static_cast<std::size_t>(options.counts.at("jobs"));
  auto starts = measure_fleet_starts(nodes, jobs);
  if (!starts) return fail(starts.error());
  Report report("bench-launch");
  report.setting("nodes", static_cast<std::int64_t>(nodes));
  report.setting("jobs", static_cast<std::int64_t>(jobs));
  report.setting("processes", "none");
  report.figure("start_ms", spread_of(std::move(*starts)));
  return report;
}

Result<Report> measure(const Options& options) {
  const std::string& processes = options.texts.at("processes");
  if (processes == "none") return measure_fleet(options);
  if (processes != "real") {
    return fail(ErrorCode::kInvalid, "--processes is real or none, not '" + processes + "'");
  }

  const auto count = [&](const char* name) {
    return static_cast<std::size_t>(options.counts.at(name));
  };
  const std::size_t nodes = count("nodes");
  const std::size_t jobs = count("jobs");
  const std::size_t steps = count("steps");
  const std::string& run_dir = options.texts.at("run-dir");
  auto setup = set_up(nodes, run_dir);
  if (!setup) return fail(setup.error());
  auto starts = measure_starts(*setup, jobs);
  if (!starts) return fail(starts.error());
  auto step_times = measure_steps(*setup, steps);
  if (!step_times) return fail(step_times.error());
  auto runs = measure_runs(*setup, steps);
  if (!runs) return fail(runs.error());

  Report report("bench-launch");
  report.setting("nodes", static_cast<std::int64_t>(nodes));
  report.setting("jobs", static_cast<std::int64_t>(jobs));
  report.setting("steps", static_cast<std::int64_t>(steps));
  report.setting("run_dir", run_dir);
  report.figure("start_ms", spread_of(std::move(*starts)));
  report.figure("step_ms", spread_of(std::move(*step_times)));
  report.figure("run_ms", spread_of(std::move(*runs)));
  return report;
}

int run(int argc, char** argv) {
  const auto options = parse_options(argc, argv, {{"nodes", 1}, {"jobs", 100}, {"steps", 100}},
                                     {{"run-dir", kRunDir}, {"processes", "real"}});
  if (!options) {
    std::fprintf(stderr, "bench-launch: %s\n", options.error().message.c_str());
    return 2;
  }
  const auto report = measure(*options);
  if (!report) {
    std::fprintf(stderr, "bench-launch: %s\n", report.error().message.c_str());
    return 1;
  }
  std::fputs((options->json ? report->json() : report->text()).c_str(), stdout);
  return 0;
}

}  // namespace
}  // namespace usine::bench

int main(int argc, char** argv) { return usine::bench::run(argc, argv); }
