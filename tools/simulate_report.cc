#include "tools/simulate_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "tools/chart.h"
#include "tools/simulate_views.h"
#include "tools/svg.h"

namespace usine::tools {
namespace {

// Colours that people tell apart whatever their eyes (Okabe and Ito), a shade lighter on dark.
constexpr const char* kStyle = R"(
:root{--back:#fff;--ink:#1b1f24;--soft:#5b6470;--rule:#dfe3e8;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#b88a00;--c5:#3f9bd1}
@media(prefers-color-scheme:dark){:root{--back:#14171b;--ink:#e8eaed;--soft:#9aa4b0;--rule:#2e343b;
--c0:#56b4e9;--c1:#ff8c42;--c2:#2fc79b;--c3:#e59fc5;--c4:#f0c53a;--c5:#9ad0f0}}
body{margin:0 auto;max-width:820px;padding:24px 16px;background:var(--back);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}
h1{font-size:22px;margin:0 0 4px}h2{font-size:16px;margin:28px 0 6px}
p{margin:4px 0;color:var(--soft)}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:4px 8px;text-align:right;border-bottom:1px solid var(--rule)}
th:first-child,td:first-child{text-align:left}th{color:var(--soft);font-weight:600}
svg{width:100%;height:auto;display:block}
.tick{font-size:11px;fill:var(--soft)}.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}
.line{fill:none;stroke-width:1.8;stroke-linejoin:round}
.edge{stroke-dasharray:3 4;stroke-width:1.1}
.mark,.ideal{stroke:var(--soft);stroke-dasharray:7 4;stroke-width:1.2}
.key{display:inline-block;width:11px;height:11px;border-radius:2px;margin-right:6px}
.s0{stroke:var(--c0);--c:var(--c0)}.s1{stroke:var(--c1);--c:var(--c1)}
.s2{stroke:var(--c2);--c:var(--c2)}.s3{stroke:var(--c3);--c:var(--c3)}
.s4{stroke:var(--c4);--c:var(--c4)}.s5{stroke:var(--c5);--c:var(--c5)}
.key,.bar{background:var(--c);fill:var(--c);stroke:none}
code{font-size:12px;color:var(--soft);word-break:break-all}
)";

constexpr double kHour_s = 3'600;
constexpr double kDay_s = 24 * kHour_s;

// Round times for scales of waiting.
const std::array kTimes = {
    Tick{1, "1 s"},          Tick{10, "10 s"},          Tick{60, "1 min"},
    Tick{600, "10 min"},     Tick{kHour_s, "1 h"},      Tick{10 * kHour_s, "10 h"},
    Tick{2 * kDay_s, "2 d"}, Tick{10 * kDay_s, "10 d"}, Tick{50 * kDay_s, "50 d"}};

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fixed(seconds, 0) + " s";
  if (seconds < kHour_s) return fixed(seconds / 60, 1) + " min";
  if (seconds < 2 * kDay_s) return fixed(seconds / kHour_s, 1) + " h";
  return fixed(seconds / kDay_s, 1) + " d";
}

// The least of the round times that is no less than every wait.
double longest_of(const std::vector<double>& waits) {
  const double longest = std::ranges::max(waits);
  for (const Tick& tick : kTimes) {
    if (tick.value >= longest) return std::max(tick.value, 60.0);
  }
  return longest;
}

std::vector<Tick> times_up_to(double most) {
  std::vector<Tick> ticks;
  for (const Tick& tick : kTimes) {
    if (tick.value <= most) ticks.push_back(tick);
  }
  return ticks;
}

std::vector<Tick> percents() {
  return {{0, "0"}, {25, "25"}, {50, "50"}, {75, "75"}, {100, "100"}};
}

std::string utilisation_chart(const Simulated& simulated) {
  double longest_s = 1;
  for (const SimulateRun& run : simulated.runs) {
    longest_s = std::max(longest_s, static_cast<double>(run.report.figures.simulated.count()));
  }
  LineChart chart{Scale(0, longest_s),          Scale(0, 100), {}, percents(),
                  "since the first submission", "% in use",    {}};
  for (int i = 0; i <= 4; ++i) {
    chart.x_ticks.push_back({longest_s * i / 4, duration_text(longest_s * i / 4)});
  }
  for (const SimulateRun& run : simulated.runs) {
    const sim::Figures& figures = run.report.figures;
    Series series{{}, true, std::nullopt, {}};
    const double period = static_cast<double>(figures.simulated.count()) /
                          static_cast<double>(figures.utilisation_over_time.size());
    for (std::size_t i = 0; i < figures.utilisation_over_time.size(); ++i) {
      series.points.emplace_back(static_cast<double>(i) * period,
                                 100 * figures.utilisation_over_time[i]);
    }
    chart.series.push_back(std::move(series));
  }
  return draw(chart);
}

std::string wait_chart(const Simulated& simulated) {
  std::vector<double> longest{1};
  for (const SimulateRun& run : simulated.runs) {
    longest.push_back(run.report.figures.wait_percentiles_s.back());
  }
  const double most = longest_of(longest);
  LineChart chart{Scale(1, most, true),
                  Scale(0, 100),
                  times_up_to(most),
                  percents(),
                  "wait",
                  "% of the jobs that waited no longer",
                  {}};
  for (const SimulateRun& run : simulated.runs) {
    Series series{{}, true, std::nullopt, {}};
    const std::vector<double>& waits = run.report.figures.wait_percentiles_s;
    for (std::size_t i = 0; i < waits.size(); ++i) {
      series.points.emplace_back(std::max(waits[i], 1.0), static_cast<double>(i));
    }
    chart.series.push_back(std::move(series));
  }
  return draw(chart);
}

std::string size_chart(const Simulated& simulated) {
  std::vector<double> longest{1};
  std::map<std::uint64_t, std::string> sizes;
  for (const SimulateRun& run : simulated.runs) {
    for (const sim::SizeClass& one : run.report.figures.sizes) {
      sizes[one.from] = size_text(one.from, one.to);
      longest.push_back(one.wait_s.p99);
    }
  }
  const double most = longest_of(longest);
  BarChart chart{Scale(1, most, true), times_up_to(most), "GPUs of a job, or nodes without GPUs",
                 "p99 of the wait",    std::nullopt,      {}};
  for (const auto& [from, name] : sizes) {
    BarChart::Group group{name, {}};
    for (const SimulateRun& run : simulated.runs) {
      const auto found = std::ranges::find(run.report.figures.sizes, from, &sim::SizeClass::from);
      const bool has = found != run.report.figures.sizes.end();
      const double wait = has ? found->wait_s.p99 : 0;
      group.bars.emplace_back(wait, run.report.policy + ": p99 " + duration_text(wait) +
                                        ", longest " + duration_text(has ? found->wait_max_s : 0));
    }
    chart.groups.push_back(std::move(group));
  }
  return draw(chart);
}

// ---- estimates ---------------------------------------------------------------------------------

// Fewer say too little of how such estimates come out.
constexpr std::uint64_t kEstimatesDrawnMin = 20;

double percent_inside(const sim::Calibration& found) {
  const auto all = static_cast<double>(std::max<std::uint64_t>(found.estimates, 1));
  return 100 * static_cast<double>(found.inside) / all;
}

// One class of estimates, of each policy; null where a policy has none of it.
using Calibrations = std::vector<const sim::Calibration*>;

BarChart::Group inside_group(const Simulated& simulated, const std::string& name,
                             const Calibrations& found) {
  BarChart::Group group{name, {}};
  for (std::size_t i = 0; i < found.size(); ++i) {
    const std::string policy = simulated.runs[i].report.policy;
    if (found[i] == nullptr || found[i]->estimates == 0) {
      group.bars.emplace_back(0, policy + ": no estimates");
      continue;
    }
    const double inside = percent_inside(*found[i]);
    group.bars.emplace_back(inside, policy + ": " + fixed(inside, 1) + " % of " +
                                        std::to_string(found[i]->estimates) + " estimates");
  }
  return group;
}

std::string inside_chart(const Simulated& simulated) {
  BarChart chart{Scale(0, 100),
                 percents(),
                 "how far ahead, then GPUs of a job, or nodes without GPUs",
                 "% of the real starts inside the range",
                 static_cast<double>(kEstimateSharePercent),
                 {}};
  const auto add = [&](const std::string& name, const auto& of) {
    Calibrations found;
    for (const SimulateRun& run : simulated.runs) found.push_back(of(*run.report.estimates));
    chart.groups.push_back(inside_group(simulated, name, found));
  };
  add("all", [](const sim::EstimateFigures& one) { return &one.all; });
  for (std::size_t i = 0; i < sim::kAheads.size(); ++i) {
    add(std::string(sim::kAheads[i]),
        [i](const sim::EstimateFigures& one) { return &one.aheads[i]; });
  }
  std::map<std::uint64_t, std::uint64_t> sizes;
  for (const SimulateRun& run : simulated.runs) {
    for (const sim::SizeCalibration& one : run.report.estimates->sizes) sizes[one.from] = one.to;
  }
  for (const auto& [from, to] : sizes) {
    add(size_text(from, to), [from](const sim::EstimateFigures& one) -> const sim::Calibration* {
      const auto found = std::ranges::find(one.sizes, from, &sim::SizeCalibration::from);
      return found == one.sizes.end() ? nullptr : &found->found;
    });
  }
  return draw(chart);
}

// The real waits of those of the policy's estimates that are drawn, by a percentile of them.
Series real_waits(const SimulateRun& run, std::size_t hue, double sim::RealWaits::* percentile) {
  Series series{{}, false, hue, percentile == &sim::RealWaits::p50_s ? "" : "edge"};
  for (const sim::RealWaits& one : run.report.estimates->waits) {
    if (one.estimates < kEstimatesDrawnMin) continue;
    series.points.emplace_back(one.estimated_s, std::max(one.*percentile, 60.0));
  }
  return series;
}

std::string real_chart(const Simulated& simulated) {
  std::vector<double> longest{600};
  for (const SimulateRun& run : simulated.runs) {
    for (const sim::RealWaits& one : run.report.estimates->waits) {
      if (one.estimates < kEstimatesDrawnMin) continue;
      longest.push_back(std::max(one.estimated_s, one.p90_s));
    }
  }
  const double most = longest_of(longest);
  std::vector<Tick> ticks = times_up_to(most);
  std::erase_if(ticks, [](const Tick& tick) { return tick.value < 60; });
  LineChart chart{Scale(60, most, true), Scale(60, most, true), ticks, ticks,
                  "estimated wait",      "real wait",           {}};
  chart.series.push_back({{{60, 60}, {most, most}}, false, 0, "ideal"});
  for (std::size_t i = 0; i < simulated.runs.size(); ++i) {
    for (const auto percentile :
         {&sim::RealWaits::p10_s, &sim::RealWaits::p50_s, &sim::RealWaits::p90_s}) {
      chart.series.push_back(real_waits(simulated.runs[i], i, percentile));
    }
  }
  return draw(chart);
}

std::string table(const Simulated& simulated) {
  std::string html =
      "<table><tr><th>policy<th>mean wait<th>p50<th>p95<th>p99<th>bounded slowdown"
      "<th>in use, %<th>on broken nodes, %<th>leaves over least</tr>";
  for (std::size_t i = 0; i < simulated.runs.size(); ++i) {
    const sim::ReplayReport& report = simulated.runs[i].report;
    const sim::Figures& figures = report.figures;
    html += "<tr><td><span class='key s" + std::to_string(i) + "'></span>" + escaped(report.policy);
    for (const double wait :
         {figures.wait_s.mean, figures.wait_s.p50, figures.wait_s.p95, figures.wait_s.p99}) {
      html += "<td>" + duration_text(wait);
    }
    html += "<td>" + fixed(figures.bounded_slowdown.mean, 1) + "<td>" +
            fixed(100 * figures.utilisation, 1) + "<td>" + fixed(100 * figures.fragmentation, 1) +
            "<td>" + fixed(figures.leaves.over_least_mean, 2) + "</tr>";
  }
  return html + "</table>";
}

std::string section(const std::string& title, const std::string& about, const std::string& body) {
  return "<h2>" + title + "</h2><p>" + about + "</p>" + body;
}

std::string key(const Simulated& simulated) {
  std::string html = "<p>";
  for (std::size_t i = 0; i < simulated.runs.size(); ++i) {
    html += "<span class='key s" + std::to_string(i) + "'></span>" +
            escaped(simulated.runs[i].report.policy) + " &nbsp; ";
  }
  return html + "</p>";
}

// Nothing where no estimates were asked for.
std::string estimate_sections(const Simulated& simulated) {
  const bool all = std::ranges::all_of(
      simulated.runs, [](const SimulateRun& run) { return run.report.estimates.has_value(); });
  if (!all) return {};
  const std::string stated = std::to_string(kEstimateSharePercent);
  return section("Estimated starts: inside their ranges",
                 "Every estimate of a job's start comes with a range that should hold " + stated +
                     " % of the real starts, the line across; more says that the ranges are wider "
                     "than they need be. By how far ahead the estimate said, and by size.",
                 key(simulated) + inside_chart(simulated)) +
         section("Estimated starts: real against estimated",
                 "The median of the real waits behind estimates of about the same wait; the dotted "
                 "lines are their 10th and 90th percentiles, the dashed one is what would be "
                 "exact. Waits below a minute are drawn as a minute; fewer than " +
                     std::to_string(kEstimatesDrawnMin) + " estimates are left out.",
                 key(simulated) + real_chart(simulated));
}

std::string facts(const Simulated& simulated) {
  const sim::Figures& first = simulated.runs.front().report.figures;
  std::string text = std::to_string(first.jobs) + " jobs of " + escaped(simulated.jobs_from) +
                     " on " + std::to_string(simulated.nodes) + " nodes of " +
                     escaped(simulated.cluster) + "; offered load " +
                     fixed(simulated.load.share, 3) + " of its " +
                     std::string(sim::to_string(simulated.load.unit)) + "s.";
  if (simulated.limits_guessed > 0) {
    text += " Time limits of " + std::to_string(simulated.limits_guessed) + " jobs are guessed.";
  }
  if (simulated.paced != 1) {
    text += " Times between submissions are multiplied by " + fixed(simulated.paced, 4) + '.';
  }
  return text;
}

}  // namespace

std::string to_html(const Simulated& simulated) {
  std::string html =
      "<!doctype html><html lang='en'><meta charset='utf-8'>"
      "<meta name='viewport' content='width=device-width,initial-scale=1'>"
      "<title>Usine: simulated policies</title><style>" +
      std::string(kStyle) + "</style><h1>Simulated policies</h1><p>" + facts(simulated) + "</p>";
  html += section("Figures", "Waits run from submission to start; slowdown is bounded at 10 s.",
                  table(simulated));
  html +=
      section("In use over time",
              "Of all " + std::string(sim::to_string(simulated.load.unit)) + "s, by jobs that run.",
              utilisation_chart(simulated));
  html += section("How long jobs waited", "Further up and to the left is better.",
                  wait_chart(simulated));
  html += section("Wait by size", "The 99th percentile of each size; the longest is a hint.",
                  size_chart(simulated));
  html += estimate_sections(simulated);
  html += "<h2>Digests</h2>";
  for (const SimulateRun& run : simulated.runs) {
    html += "<p>" + escaped(run.report.policy) + " <code>" + run.report.digest + "</code></p>";
  }
  return html + "</html>\n";
}

}  // namespace usine::tools
