// Line and bar drawings as inline SVG for a report's page. The page's style sheet has the classes:
// `s0`, `s1`, ... for the series, `grid`, `axis`, `tick`, `mark`. Values go to pixels through a
// linear or a logarithmic scale. Pure.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace usine::tools {

// From a range of values to a range of pixels.
class Scale {
 public:
  // Logarithmic scales begin above 0.
  Scale(double from, double to, bool logarithmic = false);
  // 0 at `from`, 1 at `to`; what is beyond the ends lies on them.
  [[nodiscard]] double part(double value) const;

 private:
  double from_;
  double to_;
  bool logarithmic_;
};

struct Tick {
  double value = 0;
  std::string text;
};

struct Series {
  std::vector<std::pair<double, double>> points;
  bool steps = false;              // holds each value up to the next point
  std::optional<std::size_t> hue;  // `s` of that number; none: that of its place
  std::string style;               // a class of the style sheet besides
};

struct LineChart {
  Scale x;
  Scale y;
  std::vector<Tick> x_ticks;
  std::vector<Tick> y_ticks;
  std::string x_title;
  std::string y_title;
  std::vector<Series> series;
};

// Groups side by side, in each a bar of every series.
struct BarChart {
  Scale y;
  std::vector<Tick> y_ticks;
  std::string x_title;
  std::string y_title;
  std::optional<double> mark;  // a line across at that value
  struct Group {
    std::string name;
    std::vector<std::pair<double, std::string>> bars;  // of each series: value and hint
  };
  std::vector<Group> groups;
};

[[nodiscard]] std::string draw(const LineChart& chart);
[[nodiscard]] std::string draw(const BarChart& chart);

}  // namespace usine::tools
