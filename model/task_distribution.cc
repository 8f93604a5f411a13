#include "model/task_distribution.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace usine {
namespace {

constexpr std::string_view kPlane = "plane=";
constexpr std::string_view kRemedy =
    ": write block, cyclic or plane=N, and :block or :cyclic after it for sockets";

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

std::unexpected<Error> unknown(std::string_view text) {
  // Ways that Slurm has beside ours.
  constexpr std::array<std::string_view, 4> kOthers = {"arbitrary", "fcyclic", "Pack", "NoPack"};
  const bool other = std::ranges::find(kOthers, text) != kOthers.end();
  if (other) {
    return fail(ErrorCode::kRefused, quoted(text) + " is not supported" + std::string(kRemedy));
  }
  return fail(ErrorCode::kInvalid, quoted(text) + " is no distribution" + std::string(kRemedy));
}

Status read_plane(std::string_view text, TaskDistribution& distribution) {
  const std::string_view number = text.substr(kPlane.size());
  const auto [end, error] =
      std::from_chars(number.data(), number.data() + number.size(), distribution.plane);
  if (error != std::errc() || end != number.data() + number.size() || distribution.plane == 0) {
    return fail(ErrorCode::kInvalid, quoted(text) + " needs a number of tasks: write plane=4");
  }
  distribution.nodes = TaskDistribution::OverNodes::kPlane;
  return {};
}

Status read_nodes(std::string_view text, TaskDistribution& distribution) {
  if (text.starts_with(kPlane)) return read_plane(text, distribution);
  if (text == "cyclic") {
    distribution.nodes = TaskDistribution::OverNodes::kCyclic;
    return {};
  }
  if (text.empty() || text == "*" || text == "block") return {};
  return unknown(text);
}

Status read_sockets(std::string_view text, TaskDistribution& distribution) {
  if (text == "cyclic") {
    distribution.sockets = TaskDistribution::OverSockets::kCyclic;
    return {};
  }
  if (text.empty() || text == "*" || text == "block") return {};
  return unknown(text);
}

}  // namespace

Result<TaskDistribution> parse_distribution(std::string_view text) {
  TaskDistribution distribution;
  const std::size_t comma = text.find(',');
  if (comma != std::string_view::npos) return unknown(text.substr(comma + 1));
  const std::size_t colon = std::min(text.find(':'), text.size());
  if (Status read = read_nodes(text.substr(0, colon), distribution); !read) {
    return fail(read.error());
  }
  if (colon == text.size()) return distribution;
  const std::string_view sockets = text.substr(colon + 1);
  if (sockets.find(':') != std::string_view::npos) {
    return fail(ErrorCode::kRefused,
                quoted(text) + " orders cores too, which is not supported" + std::string(kRemedy));
  }
  if (Status read = read_sockets(sockets, distribution); !read) return fail(read.error());
  return distribution;
}

std::string to_string(const TaskDistribution& distribution) {
  std::string text = "block";
  if (distribution.nodes == TaskDistribution::OverNodes::kCyclic) text = "cyclic";
  if (distribution.nodes == TaskDistribution::OverNodes::kPlane) {
    text = std::string(kPlane) + std::to_string(distribution.plane);
  }
  const bool cyclic = distribution.sockets == TaskDistribution::OverSockets::kCyclic;
  return text + (cyclic ? ":cyclic" : ":block");
}

}  // namespace usine
