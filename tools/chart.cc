#include "tools/chart.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "tools/svg.h"

namespace usine::tools {
namespace {

constexpr double kWidth = 760;
constexpr double kHeight = 270;
constexpr double kLeft = 58;  // of the plot's sides from those of the picture
constexpr double kRight = 24;
constexpr double kTop = 26;
constexpr double kBottom = 44;
constexpr double kGroupShare = 0.8;  // of a group's width that its bars take

double plot_x(double part) { return kLeft + part * (kWidth - kLeft - kRight); }
double plot_y(double part) { return kHeight - kBottom - part * (kHeight - kTop - kBottom); }

// A tenth of a pixel is enough.
std::string px(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", value);
  return text;
}

struct Place {
  double x = 0;
  double y = 0;
};

std::string line(Place from, Place to, const char* style) {
  return "<line x1='" + px(from.x) + "' y1='" + px(from.y) + "' x2='" + px(to.x) + "' y2='" +
         px(to.y) + "' class='" + style + "'/>";
}

std::string words(Place at, const std::string& text, const char* anchor) {
  return "<text x='" + px(at.x) + "' y='" + px(at.y) + "' class='tick' text-anchor='" + anchor +
         "'>" + escaped(text) + "</text>";
}

std::string head(const std::string& x_title, const std::string& y_title) {
  return "<svg viewBox='0 0 " + px(kWidth) + ' ' + px(kHeight) + "' role='img' aria-label='" +
         escaped(y_title) + " by " + escaped(x_title) + "'>" +
         words({kLeft, 14}, y_title, "start") + words({plot_x(1), kHeight - 6}, x_title, "end");
}

std::string y_grid(const Scale& scale, const std::vector<Tick>& ticks) {
  std::string svg;
  for (const Tick& tick : ticks) {
    const double y = plot_y(scale.part(tick.value));
    svg += line({plot_x(0), y}, {plot_x(1), y}, "grid");
    svg += words({kLeft - 6, y + 4}, tick.text, "end");
  }
  return svg + line({plot_x(0), plot_y(0)}, {plot_x(1), plot_y(0)}, "axis");
}

std::string polyline(const LineChart& chart, std::size_t index) {
  const Series& series = chart.series[index];
  std::string points;
  double last_y = 0;
  for (const auto& [x, y] : series.points) {
    const std::string at = px(plot_x(chart.x.part(x))) + ',';
    if (series.steps && !points.empty()) points += at + px(last_y) + ' ';
    last_y = plot_y(chart.y.part(y));
    points += at + px(last_y) + ' ';
  }
  std::string classes = "line s" + std::to_string(series.hue.value_or(index));
  if (!series.style.empty()) classes += ' ' + series.style;
  return "<polyline class='" + classes + "' points='" + points + "'/>";
}

}  // namespace

Scale::Scale(double from, double to, bool logarithmic)
    : from_(logarithmic ? std::log(from) : from),
      to_(logarithmic ? std::log(to) : to),
      logarithmic_(logarithmic) {}

double Scale::part(double value) const {
  if (to_ <= from_) return 0;
  if (logarithmic_ && value <= 0) return 0;
  const double at = logarithmic_ ? std::log(value) : value;
  return std::clamp((at - from_) / (to_ - from_), 0.0, 1.0);
}

std::string draw(const LineChart& chart) {
  std::string svg = head(chart.x_title, chart.y_title) + y_grid(chart.y, chart.y_ticks);
  for (const Tick& tick : chart.x_ticks) {
    const double x = plot_x(chart.x.part(tick.value));
    svg += line({x, plot_y(0)}, {x, plot_y(0) + 4}, "axis");
    svg += words({x, plot_y(0) + 17}, tick.text, "middle");
  }
  for (std::size_t i = 0; i < chart.series.size(); ++i) svg += polyline(chart, i);
  return svg + "</svg>";
}

std::string draw(const BarChart& chart) {
  std::string svg = head(chart.x_title, chart.y_title) + y_grid(chart.y, chart.y_ticks);
  const double group_width = 1 / static_cast<double>(std::max<std::size_t>(chart.groups.size(), 1));
  for (std::size_t i = 0; i < chart.groups.size(); ++i) {
    const BarChart::Group& group = chart.groups[i];
    const double left = static_cast<double>(i) * group_width;
    svg += words({plot_x(left + group_width / 2), plot_y(0) + 17}, group.name, "middle");
    const auto bars = static_cast<double>(std::max<std::size_t>(group.bars.size(), 1));
    const double width = group_width * kGroupShare / bars;
    for (std::size_t j = 0; j < group.bars.size(); ++j) {
      const auto& [value, hint] = group.bars[j];
      const double x =
          plot_x(left + group_width * (1 - kGroupShare) / 2 + width * static_cast<double>(j));
      const double y = plot_y(chart.y.part(value));
      svg += "<rect x='" + px(x) + "' y='" + px(y) + "' width='" + px(plot_x(width) - kLeft - 1) +
             "' height='" + px(plot_y(0) - y) + "' class='bar s" + std::to_string(j) + "'><title>" +
             escaped(hint) + "</title></rect>";
    }
  }
  if (chart.mark) {
    const double y = plot_y(chart.y.part(*chart.mark));
    svg += line({plot_x(0), y}, {plot_x(1), y}, "mark");
  }
  return svg + "</svg>";
}

}  // namespace usine::tools
