#include "tools/simulate_views.h"

#include <algorithm>
#include <functional>
#include <iomanip>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

namespace usine::tools {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint64_t kLargestSize = 1'000'000;
constexpr int kNameWidth = 32;
constexpr int kFigureWidth = 14;

double jobs_per_s(const SimulateRun& run) {
  return run.wall_s > 0 ? static_cast<double>(run.report.figures.jobs) / run.wall_s : 0;
}

double times_real_time(const SimulateRun& run) {
  const auto simulated = static_cast<double>(run.report.figures.simulated.count());
  return run.wall_s > 0 ? simulated / run.wall_s : 0;
}

Json json_of(const sim::Spread& spread) {
  return {{"mean", spread.mean}, {"p50", spread.p50}, {"p95", spread.p95}, {"p99", spread.p99}};
}

Json json_of(const sim::LeafUse& leaves) {
  return {{"jobs", leaves.jobs},
          {"over_least_mean", leaves.over_least_mean},
          {"share_at_least", leaves.share_at_least}};
}

Json json_of(const std::vector<sim::SizeClass>& sizes) {
  Json list = Json::array();
  for (const sim::SizeClass& one : sizes) {
    list.push_back({{"from", one.from},
                    {"to", one.to},
                    {"jobs", one.jobs},
                    {"wait_s", json_of(one.wait_s)},
                    {"wait_max_s", one.wait_max_s},
                    {"bounded_slowdown_mean", one.slowdown_mean}});
  }
  return list;
}

Json json_of(const sim::Calibration& found) {
  const auto share = [&found](std::uint64_t part) {
    return found.estimates == 0 ? 0.0
                                : static_cast<double>(part) / static_cast<double>(found.estimates);
  };
  return {{"estimates", found.estimates},
          {"inside", share(found.inside)},
          {"before", share(found.before)},
          {"error_median_s", found.error_median_s},
          {"width_median", found.width_median}};
}

Json json_of(const sim::EstimateFigures& figures) {
  Json document = json_of(figures.all);
  document["stated"] = static_cast<double>(kEstimateSharePercent) / 100;
  document["refreshes"] = figures.refreshes;
  document["not_scored"] = figures.open;
  for (std::size_t i = 0; i < sim::kAheads.size(); ++i) {
    document["ahead"][sim::kAheads[i]] = json_of(figures.aheads[i]);
  }
  document["sizes"] = Json::array();
  for (const sim::SizeCalibration& one : figures.sizes) {
    Json size = {{"from", one.from}, {"to", one.to}};
    size.update(json_of(one.found));
    document["sizes"].push_back(std::move(size));
  }
  document["waits"] = Json::array();
  for (const sim::RealWaits& one : figures.waits) {
    document["waits"].push_back(
        {{"estimated_s", one.estimated_s},
         {"estimates", one.estimates},
         {"real_s", {{"p10", one.p10_s}, {"p50", one.p50_s}, {"p90", one.p90_s}}}});
  }
  return document;
}

Json json_of(const SimulateRun& run) {
  const sim::ReplayReport& report = run.report;
  const sim::Figures& figures = report.figures;
  Json document = {{"policy", report.policy},
                   {"digest", report.digest},
                   {"jobs", figures.jobs},
                   {"refused", report.refused},
                   {"skipped", report.skipped},
                   {"stuck", report.stuck},
                   {"simulated_s", figures.simulated.count()},
                   {"wait_s", json_of(figures.wait_s)},
                   {"bounded_slowdown", json_of(figures.bounded_slowdown)},
                   {"unit", sim::to_string(figures.unit)},
                   {"utilisation", figures.utilisation},
                   {"utilisation_submitting", figures.utilisation_submitting},
                   {"utilisation_over_time", figures.utilisation_over_time},
                   {"fragmentation", figures.fragmentation},
                   {"leaves", json_of(figures.leaves)},
                   {"sizes", json_of(figures.sizes)},
                   {"passes", report.passes},
                   {"events", report.events},
                   {"wall_s", run.wall_s},
                   {"jobs_per_s", jobs_per_s(run)},
                   {"times_real_time", times_real_time(run)}};
  if (report.estimates) document["estimates"] = json_of(*report.estimates);
  return document;
}

std::string number(double value, int digits) {
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return out.str();
}

// One line of the table: its name, and the figure of each policy.
struct Row {
  std::string name;
  std::function<std::string(const SimulateRun&)> figure;
};

void add_spread(std::vector<Row>& rows, const std::string& name, sim::Spread sim::Figures::* part) {
  const auto add = [&](const char* which, double sim::Spread::* value) {
    rows.push_back({name + ", " + which, [part, value](const SimulateRun& run) {
                      return number(run.report.figures.*part.*value, 1);
                    }});
  };
  add("mean", &sim::Spread::mean);
  add("p50", &sim::Spread::p50);
  add("p95", &sim::Spread::p95);
  add("p99", &sim::Spread::p99);
}

void add_percent(std::vector<Row>& rows, const std::string& name, double sim::Figures::* part) {
  rows.push_back(
      {name, [part](const SimulateRun& run) { return number(100 * run.report.figures.*part, 2); }});
}

// Two rows for each size that jobs have under any policy.
void add_sizes(std::vector<Row>& rows, const Simulated& simulated) {
  std::map<std::uint64_t, std::string> names;
  for (const SimulateRun& run : simulated.runs) {
    for (const sim::SizeClass& one : run.report.figures.sizes)
      names[one.from] = size_text(one.from, one.to);
  }
  const auto figure = [](std::uint64_t from, auto value) {
    return [from, value](const SimulateRun& run) {
      const auto found = std::ranges::find(run.report.figures.sizes, from, &sim::SizeClass::from);
      return found == run.report.figures.sizes.end() ? "-" : number(value(*found), 1);
    };
  };
  for (const auto& [from, name] : names) {
    rows.push_back({"wait p99, s, size " + name,
                    figure(from, [](const sim::SizeClass& one) { return one.wait_s.p99; })});
  }
  for (const auto& [from, name] : names) {
    rows.push_back({"longest wait, s, size " + name,
                    figure(from, [](const sim::SizeClass& one) { return one.wait_max_s; })});
  }
}

void add_calibration(std::vector<Row>& rows, const std::string& name,
                     const std::function<const sim::Calibration*(const SimulateRun&)>& of) {
  const auto figure = [of](auto text) {
    return [of, text](const SimulateRun& run) {
      const sim::Calibration* const found = of(run);
      return found == nullptr || found->estimates == 0 ? "-" : text(*found);
    };
  };
  const auto share = [](std::uint64_t part, const sim::Calibration& one) {
    return number(100 * static_cast<double>(part) / static_cast<double>(one.estimates), 1);
  };
  rows.push_back({"estimates, " + name, figure([](const sim::Calibration& one) {
                    return std::to_string(one.estimates);
                  })});
  rows.push_back({"  inside the range, %",
                  figure([share](const sim::Calibration& one) { return share(one.inside, one); })});
  rows.push_back({"  before it, %",
                  figure([share](const sim::Calibration& one) { return share(one.before, one); })});
  rows.push_back({"  median error, s", figure([](const sim::Calibration& one) {
                    return number(one.error_median_s, 0);
                  })});
  rows.push_back({"  median latest / earliest",
                  figure([](const sim::Calibration& one) { return number(one.width_median, 2); })});
}

void add_estimates(std::vector<Row>& rows, const Simulated& simulated) {
  if (std::ranges::none_of(simulated.runs, [](const SimulateRun& run) {
        return run.report.estimates.has_value();
      })) {
    return;
  }
  add_calibration(rows, "all", [](const SimulateRun& run) { return &run.report.estimates->all; });
  for (std::size_t i = 0; i < sim::kAheads.size(); ++i) {
    add_calibration(rows, std::string(sim::kAheads[i]) + " ahead",
                    [i](const SimulateRun& run) { return &run.report.estimates->aheads[i]; });
  }
  std::map<std::uint64_t, std::string> names;
  for (const SimulateRun& run : simulated.runs) {
    for (const sim::SizeCalibration& one : run.report.estimates->sizes) {
      names[one.from] = "size from " + std::to_string(one.from);
    }
  }
  for (const auto& [from, name] : names) {
    add_calibration(rows, name, [from](const SimulateRun& run) -> const sim::Calibration* {
      const auto& sizes = run.report.estimates->sizes;
      const auto found = std::ranges::find(sizes, from, &sim::SizeCalibration::from);
      return found == sizes.end() ? nullptr : &found->found;
    });
  }
}

std::vector<Row> rows_of(const Simulated& simulated) {
  std::vector<Row> rows;
  rows.push_back(
      {"jobs", [](const SimulateRun& run) { return std::to_string(run.report.figures.jobs); }});
  add_spread(rows, "wait, s", &sim::Figures::wait_s);
  add_spread(rows, "bounded slowdown", &sim::Figures::bounded_slowdown);
  add_percent(rows, "utilisation, %", &sim::Figures::utilisation);
  add_percent(rows, "  while jobs come, %", &sim::Figures::utilisation_submitting);
  add_percent(rows, "free but on broken nodes, %", &sim::Figures::fragmentation);
  rows.push_back({"leaves over the least", [](const SimulateRun& run) {
                    return number(run.report.figures.leaves.over_least_mean, 3);
                  }});
  add_sizes(rows, simulated);
  add_estimates(rows, simulated);
  rows.push_back({"simulated time", [](const SimulateRun& run) {
                    return format_duration(run.report.figures.simulated);
                  }});
  rows.push_back({"jobs simulated a second",
                  [](const SimulateRun& run) { return number(jobs_per_s(run), 0); }});
  rows.push_back(
      {"times real time", [](const SimulateRun& run) { return number(times_real_time(run), 0); }});
  return rows;
}

std::string heading(const Simulated& simulated) {
  std::string text = simulated.jobs_from + " on " + simulated.cluster + ": " +
                     std::to_string(simulated.nodes) + " nodes, offered load " +
                     number(simulated.load.share, 3) + " of the " +
                     std::string(sim::to_string(simulated.load.unit)) + "s\n";
  if (simulated.paced != 1) {
    text += "times between submissions are multiplied by " + number(simulated.paced, 4) +
            ", since the widest job needs all of the nodes\n";
  }
  if (simulated.limits_guessed > 0) {
    text += "the limits of " + std::to_string(simulated.limits_guessed) +
            " jobs are guessed: up to ten times the run time, rounded up to usual values\n";
  }
  return text;
}

void add_remarks(std::ostream& out, const sim::ReplayReport& report) {
  if (report.refused > 0) {
    out << report.policy << ": " << report.refused
        << " jobs were refused; the first: " << report.first_refusal << '\n';
  }
  if (report.skipped > 0) {
    out << report.policy << ": " << report.skipped
        << " rows were passed over: the trace says neither their run time nor a limit\n";
  }
  if (report.stuck > 0) out << report.policy << ": " << report.stuck << " jobs never started\n";
}

}  // namespace

Json to_json(const Simulated& simulated) {
  Json document = {{"cluster", simulated.cluster}, {"jobs_from", simulated.jobs_from},
                   {"nodes", simulated.nodes},     {"offered_load", simulated.load.share},
                   {"paced", simulated.paced},     {"limits_guessed", simulated.limits_guessed}};
  Json policies = Json::array();
  for (const SimulateRun& run : simulated.runs) policies.push_back(json_of(run));
  document.update(policies.front());
  document["policies"] = std::move(policies);
  return document;
}

std::string size_text(std::uint64_t from, std::uint64_t to) {
  if (from == to) return std::to_string(from);
  if (to > kLargestSize) return std::to_string(from) + "+";
  return std::to_string(from) + "-" + std::to_string(to);
}

std::string to_text(const Simulated& simulated) {
  std::ostringstream out;
  out << heading(simulated) << std::left << std::setw(kNameWidth) << "" << std::right;
  for (const SimulateRun& run : simulated.runs) out << std::setw(kFigureWidth) << run.report.policy;
  out << '\n';
  for (const Row& row : rows_of(simulated)) {
    out << std::left << std::setw(kNameWidth) << row.name << std::right;
    for (const SimulateRun& run : simulated.runs) out << std::setw(kFigureWidth) << row.figure(run);
    out << '\n';
  }
  for (const SimulateRun& run : simulated.runs) {
    add_remarks(out, run.report);
    out << run.report.policy << ": digest " << run.report.digest << '\n';
  }
  return out.str();
}

}  // namespace usine::tools
