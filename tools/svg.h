// Pictures as SVG text: boxes, words, lines and arcs with a few styles of one look. Coordinates are
// whole pixels from the upper left. Pure; writes no file.
#pragma once

#include <string>
#include <string_view>

namespace usine::tools {

// As it stands in SVG and HTML, in text and attributes alike; control characters become spaces.
[[nodiscard]] std::string escaped(std::string_view text);

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

struct Point {
  int x = 0;
  int y = 0;
};

class Svg {
 public:
  // `style`: a class of the style sheet in svg.cc, such as "gpu".
  void box(const Box& box, std::string_view style);
  // A box with what it is as a hint where the mouse rests.
  void box(const Box& box, std::string_view style, std::string_view hint);
  // Begins at (x, y), where y is the base line.
  void text(int x, int y, std::string_view words, std::string_view style = "word");
  // In the middle of a box; left out where it would not fit.
  void label(const Box& box, std::string_view words, std::string_view style = "label");
  void line(Point from, Point to, std::string_view style);
  // From `from` down by `depth` and up again to the same height at `to_x`.
  void arc(Point from, int to_x, int depth, std::string_view style);

  // The whole document, of this size.
  [[nodiscard]] std::string document(int width, int height, std::string_view title) const;

 private:
  std::string body_;
};

// About how wide the words are in the style of labels.
[[nodiscard]] int width_of(std::string_view words);

}  // namespace usine::tools
