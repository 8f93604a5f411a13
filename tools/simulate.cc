#include "tools/simulate.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <memory>
#include <sstream>

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

constexpr int kNameWidth = 18;
constexpr int kFigureWidth = 12;

void print_row(std::ostream& out, const char* name, const sim::Spread& spread) {
  out << std::left << std::setw(kNameWidth) << name << std::right;
  for (const double figure : {spread.mean, spread.p50, spread.p95, spread.p99}) {
    out << std::setw(kFigureWidth) << figure;
  }
  out << '\n';
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
  std::ostringstream out;
  out << std::fixed << std::setprecision(1);
  out << report.jobs << " jobs in " << format_duration(report.simulated)
      << " of simulated time, utilisation " << 100 * report.utilisation << " %\n";
  if (report.refused > 0) {
    out << report.refused << " jobs were refused; the first: " << report.first_refusal << '\n';
  }
  if (report.skipped > 0) {
    out << report.skipped
        << " rows were passed over: the trace says neither their run time nor a limit\n";
  }
  if (report.stuck > 0) out << report.stuck << " jobs never started\n";
  out << std::setw(kNameWidth) << "";
  for (const char* const head : {"mean", "p50", "p95", "p99"}) {
    out << std::setw(kFigureWidth) << head;
  }
  out << '\n';
  print_row(out, "wait, s", report.wait_s);
  print_row(out, "bounded slowdown", report.bounded_slowdown);
  out << "digest " << report.digest << '\n';
  return out.str();
}

}  // namespace usine::tools
