#include "tools/svg.h"

#include <cstdint>

namespace usine::tools {
namespace {

constexpr int kLetterTenths = 62;  // of a letter of 11 pixels, on average

constexpr std::string_view kStyle = R"(  <style>
    text { font: 11px "DejaVu Sans", Helvetica, Arial, sans-serif; fill: #1f2933 }
    .title { font-size: 16px; font-weight: bold }
    .quiet { fill: #52606d }
    .label { text-anchor: middle; fill: #ffffff }
    .dark { text-anchor: middle }
    .package { fill: #eef1f5; stroke: #7b8794 }
    .numa { fill: #ffffff; stroke: #9aa5b1 }
    .switch { fill: #f7f3e8; stroke: #cbb26a }
    .core { fill: #9aa5b1 }
    .gpu { fill: #2f7d4f; stroke: #1c5434 }
    .nic { fill: #2563a8; stroke: #163f6e }
    .fabric { fill: #5b3f8c; stroke: #3b2763 }
    .cluster { fill: #1f2d3d }
    .site { fill: #45607c }
    .cell { fill: #2f6f9f }
    .rack { fill: #2a8f8a }
    .nvlink { fill: #2f7d4f }
    .leaf { fill: #a86a12 }
    .busy { fill: #ccd3db }
    .wire, .wire2, .wire3 { fill: none; stroke: #5b3f8c; stroke-opacity: 0.75 }
    .wire { stroke-width: 1 }
    .wire2 { stroke-width: 2.5 }
    .wire3 { stroke-width: 4.5 }
  </style>
)";

std::string attribute(std::string_view name, int value) {
  return ' ' + std::string(name) + "=\"" + std::to_string(value) + '"';
}

std::string styled(std::string_view style) { return " class=\"" + std::string(style) + '"'; }

std::string rectangle(const Box& box, std::string_view style) {
  return "  <rect" + styled(style) + attribute("x", box.x) + attribute("y", box.y) +
         attribute("width", box.width) + attribute("height", box.height);
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '\'': safe += "&#39;"; break;
      case '"': safe += "&quot;"; break;
      default: safe += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  }
  return safe;
}

int width_of(std::string_view words) {
  int letters = 0;
  for (const char c : words) letters += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 0 : 1;
  return letters * kLetterTenths / 10;
}

void Svg::box(const Box& box, std::string_view style) { body_ += rectangle(box, style) + "/>\n"; }

void Svg::box(const Box& box, std::string_view style, std::string_view hint) {
  body_ += rectangle(box, style) + "><title>" + escaped(hint) + "</title></rect>\n";
}

void Svg::text(int x, int y, std::string_view words, std::string_view style) {
  body_ += "  <text" + styled(style) + attribute("x", x) + attribute("y", y) + '>' +
           escaped(words) + "</text>\n";
}

void Svg::label(const Box& box, std::string_view words, std::string_view style) {
  if (width_of(words) + 4 > box.width) return;
  text(box.x + box.width / 2, box.y + box.height / 2 + 4, words, style);
}

void Svg::line(Point from, Point to, std::string_view style) {
  body_ += "  <line" + styled(style) + attribute("x1", from.x) + attribute("y1", from.y) +
           attribute("x2", to.x) + attribute("y2", to.y) + "/>\n";
}

void Svg::arc(Point from, int to_x, int depth, std::string_view style) {
  const auto point = [](int x, int y) { return std::to_string(x) + ' ' + std::to_string(y); };
  const int low = from.y + depth * 4 / 3;  // of a Bezier curve's control points
  body_ += "  <path" + styled(style) + " d=\"M " + point(from.x, from.y) + " C " +
           point(from.x, low) + ", " + point(to_x, low) + ", " + point(to_x, from.y) + "\"/>\n";
}

std::string Svg::document(int width, int height, std::string_view title) const {
  const std::string size = attribute("width", width) + attribute("height", height);
  return "<svg xmlns=\"http://www.w3.org/2000/svg\"" + size + " viewBox=\"0 0 " +
         std::to_string(width) + ' ' + std::to_string(height) + "\">\n  <title>" + escaped(title) +
         "</title>\n" + std::string(kStyle) +
         "  <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" + body_ + "</svg>\n";
}

}  // namespace usine::tools
