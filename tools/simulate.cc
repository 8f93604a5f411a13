#include "tools/simulate.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "config/cluster_file.h"

namespace usine::tools {
namespace {

constexpr std::string_view kGzipMagic = "\x1f\x8b";

Result<std::string> read_file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
  if (!stream) return fail(ErrorCode::kIo, "cannot read " + path + ": " + std::strerror(errno));
  if (text.starts_with(kGzipMagic)) {
    return fail(ErrorCode::kInvalid, path + " is compressed; unpack it first: gunzip -k " + path);
  }
  return text;
}

nlohmann::ordered_json to_json(const sim::Spread& spread) {
  return {{"mean", spread.mean}, {"p50", spread.p50}, {"p95", spread.p95}, {"p99", spread.p99}};
}

std::string line_of(std::string_view name, const sim::Spread& spread) {
  return fmt::format("{:<18}{:>12.1f}{:>12.1f}{:>12.1f}{:>12.1f}\n", name, spread.mean, spread.p50,
                     spread.p95, spread.p99);
}

}  // namespace

Result<sim::ReplayReport> simulate(const SimulateFiles& files) {
  auto cluster = config::load_cluster_file(files.cluster);
  if (!cluster) return fail(discovery::to_error(cluster.error()));
  const auto text = read_file(files.trace);
  if (!text) return fail(text.error());
  const auto trace = sim::parse_trace(*text);
  if (!trace) return fail(trace.error().within(files.trace));
  return sim::replay(std::make_shared<const ClusterConfig>(std::move(cluster->cluster)), *trace);
}

nlohmann::ordered_json to_json(const sim::ReplayReport& report) {
  return {{"digest", report.digest},
          {"jobs", report.jobs},
          {"refused", report.refused},
          {"skipped", report.skipped},
          {"stuck", report.stuck},
          {"simulated_s", report.simulated.count()},
          {"wait_s", to_json(report.wait_s)},
          {"bounded_slowdown", to_json(report.bounded_slowdown)},
          {"utilisation", report.utilisation}};
}

std::string to_text(const sim::ReplayReport& report) {
  std::string text =
      fmt::format("{} jobs in {} of simulated time, utilisation {:.1f} %\n", report.jobs,
                  format_duration(report.simulated), 100 * report.utilisation);
  if (report.refused > 0) {
    text +=
        fmt::format("{} jobs were refused; the first: {}\n", report.refused, report.first_refusal);
  }
  if (report.skipped > 0) {
    text += fmt::format(
        "{} rows were passed over: the trace says neither their run time nor a "
        "limit\n",
        report.skipped);
  }
  if (report.stuck > 0) text += fmt::format("{} jobs never started\n", report.stuck);
  text += fmt::format("{:<18}{:>12}{:>12}{:>12}{:>12}\n", "", "mean", "p50", "p95", "p99");
  text += line_of("wait, s", report.wait_s) + line_of("bounded slowdown", report.bounded_slowdown);
  return text + "digest " + report.digest + "\n";
}

}  // namespace usine::tools
