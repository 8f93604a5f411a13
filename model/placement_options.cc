#include "model/placement_options.h"

#include <charconv>
#include <string>
#include <string_view>

namespace usine {
namespace {

constexpr std::string_view kPreferred = ":prefer";
constexpr std::string_view kTorus = "torus:";
constexpr std::string_view kRotate = ":rotate";

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

Result<std::uint32_t> read_count(std::string_view text, std::string_view example) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size() && number > 0) return number;
  return invalid(quoted(text) + " is not a number above zero: write such as " +
                 std::string(example));
}

Result<DomainKind> read_level(std::string_view word) {
  std::string words;
  for (const DomainKind kind : kDomainKinds) {
    if (kind == DomainKind::kCluster) continue;  // no job ever leaves its site
    if (to_string(kind) == word) return kind;
    words = std::string(to_string(kind)) + (words.empty() ? "" : ", ") + words;
  }
  return invalid(quoted(word) + " is not a level of the fabric: write one of " + words);
}

// "rack" or "rack:prefer" into its place, which must be free.
Status take_level(std::string_view word, TopologyRequest& topology) {
  const bool preferred = word.ends_with(kPreferred);
  if (preferred) word.remove_suffix(kPreferred.size());
  const Result<DomainKind> level = read_level(word);
  if (!level) return fail(level.error());
  std::optional<DomainKind>& place = preferred ? topology.preferred : topology.required;
  if (place) {
    return invalid("it names two " + std::string(preferred ? "preferred" : "required") +
                   " levels: write one, and at most one more as LEVEL:prefer or without it");
  }
  place = *level;
  return {};
}

// "torus:2x2x2" or "torus:2x2x2:rotate".
Status take_shape(std::string_view word, TopologyRequest& topology) {
  word.remove_prefix(kTorus.size());
  topology.shape_turns = word.ends_with(kRotate);
  if (topology.shape_turns) word.remove_suffix(kRotate.size());
  const Result<TorusSize> shape = parse_torus_size(word);
  if (!shape) return fail(shape.error());
  topology.shape = *shape;
  return {};
}

}  // namespace

Status set_constraint(RequestDraft& draft, const OptionUse& use) {
  Result<Constraint> constraint = parse_constraint(use.value);
  if (!constraint) return fail(constraint.error());
  draft.component.constraint = *std::move(constraint);
  return {};
}

Status set_topology(RequestDraft& draft, const OptionUse& use) {
  std::string_view rest = use.value;
  while (true) {
    const std::size_t comma = rest.find(',');
    const std::string_view word = rest.substr(0, comma);
    TopologyRequest& topology = draft.component.topology;
    const Status status =
        word.starts_with(kTorus) ? take_shape(word, topology) : take_level(word, topology);
    if (!status) return status;
    if (comma == std::string_view::npos) return {};
    rest.remove_prefix(comma + 1);
  }
}

Status set_switches(RequestDraft& draft, const OptionUse& use) {
  const std::size_t at = use.value.find('@');
  const auto count = read_count(std::string_view(use.value).substr(0, at), "1 or 1@10:00");
  if (!count) return fail(count.error());
  Seconds wait = TopologyRequest::kSwitchesWaitDefault;
  if (at != std::string::npos) {
    const auto read = parse_time_limit(std::string_view(use.value).substr(at + 1));
    if (!read) return fail(read.error());
    wait = *read;
  }
  draft.component.topology.switches_max = *count;
  draft.component.topology.switches_wait = wait;
  return {};
}

Status set_segment(RequestDraft& draft, const OptionUse& use) {
  const std::size_t at = use.value.find('@');
  const auto count = read_count(std::string_view(use.value).substr(0, at), "8 or 8@rack");
  if (!count) return fail(count.error());
  draft.component.topology.segment = *count;
  if (at == std::string::npos) return {};
  const Result<DomainKind> level = read_level(std::string_view(use.value).substr(at + 1));
  if (!level) return fail(level.error());
  draft.component.topology.segment_level = *level;
  return {};
}

Status set_spread_segments(RequestDraft& draft, const OptionUse&) {
  if (draft.component.topology.segment_order == SegmentOrder::kConsolidate) {
    return invalid("it contradicts --consolidate-segments: write one of them");
  }
  draft.component.topology.segment_order = SegmentOrder::kSpread;
  return {};
}

Status set_consolidate_segments(RequestDraft& draft, const OptionUse&) {
  if (draft.component.topology.segment_order == SegmentOrder::kSpread) {
    return invalid("it contradicts --spread-segments: write one of them");
  }
  draft.component.topology.segment_order = SegmentOrder::kConsolidate;
  return {};
}

Status check_placement_options(const Component& component) {
  const TopologyRequest& topology = component.topology;
  if (topology.segment_order != SegmentOrder::kFree && topology.segment == 0) {
    return invalid("--spread-segments and --consolidate-segments need --segment=N as well");
  }
  if (topology.segment > 0 && component.any_nodes) {
    return invalid("--segment needs --nodes, which it divides: write a multiple of " +
                   std::to_string(topology.segment));
  }
  const std::uint64_t counted = nodes_of_counts(component.constraint);
  if (counted > 0 && component.any_nodes) {
    return invalid("counts in --constraint need --nodes: write --nodes=" + std::to_string(counted) +
                   " or more");
  }
  return {};
}

}  // namespace usine
