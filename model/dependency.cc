#include "model/dependency.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace usine {
namespace {

constexpr std::array<std::string_view, 6> kKindWords = {"after",    "afterok",   "afternotok",
                                                        "afterany", "aftercorr", "singleton"};
constexpr std::array<std::string_view, 3> kPhaseWords = {"waiting", "met", "never"};
constexpr std::int64_t kDelayMinutesMax = 10LL * 366 * 24 * 60;

std::unexpected<Error> invalid(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

std::string quoted(std::string_view text) { return '\'' + std::string(text) + '\''; }

// Takes `text` up to `separator`, which goes as well; all of it where there is none.
std::string_view take_until(std::string_view& text, std::size_t separator) {
  const std::string_view taken = text.substr(0, separator);
  text.remove_prefix(std::min(text.size(), taken.size() + 1));
  return taken;
}

template <typename Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

Result<DependencyKind> parse_kind(std::string_view word) {
  if (const auto kind = dependency_kind_from(word)) return *kind;
  return invalid(quoted(word) +
                 " is not a kind of dependency: write after, afterok, afternotok, afterany or "
                 "aftercorr with job ids, or singleton");
}

// "12", "12_7", and for `after` also "12+10".
Result<Dependency> parse_target(DependencyKind kind, std::string_view text) {
  Dependency dependency{kind, {}, {}, {}};
  std::string_view rest = text;
  const std::size_t plus = rest.find('+');
  const bool delayed = plus != std::string_view::npos;
  std::string_view id = take_until(rest, plus);
  std::int64_t minutes = 0;
  if (delayed && kind != DependencyKind::kAfter) {
    return invalid("a delay follows ids of 'after' only, as in after:12+10 (minutes)");
  }
  if (delayed && (!read_number(rest, minutes) || minutes < 0 || minutes > kDelayMinutesMax)) {
    return invalid(quoted(rest) + " is not a number of minutes: write after:12+10");
  }
  dependency.delay = Seconds(60 * minutes);
  const std::size_t underscore = id.find('_');
  std::string_view task = id;
  id = take_until(task, underscore);
  std::uint32_t index = 0;
  if (underscore != std::string_view::npos) {
    if (!read_number(task, index)) return invalid(quoted(text) + " is not a task of an array");
    dependency.task = index;
  }
  if (!read_number(id, dependency.job.value) || dependency.job == JobId{}) {
    return invalid(quoted(text) + " is not a job id: write afterok:12, or afterok:12:13 for two");
  }
  return dependency;
}

// One kind with its ids: "afterok:12:13".
Status add_part(std::string_view part, std::vector<Dependency>& items) {
  std::string_view ids = part;
  const auto kind = parse_kind(take_until(ids, ids.find(':')));
  if (!kind) return fail(kind.error());
  const bool has_ids = part.find(':') != std::string_view::npos;
  if (*kind == DependencyKind::kSingleton) {
    if (has_ids) return invalid("'singleton' takes no job ids");
    items.push_back({DependencyKind::kSingleton, {}, {}, {}});
    return {};
  }
  if (!has_ids) {
    const std::string word(part);
    return invalid(quoted(word) + " needs job ids: write " + word + ":12, or " + word +
                   ":12:13 for two");
  }
  do {
    const auto target = parse_target(*kind, take_until(ids, ids.find(':')));
    if (!target) return fail(target.error());
    items.push_back(*target);
  } while (!ids.empty());
  return {};
}

DependencyStatus all_of(const std::vector<DependencyStatus>& statuses) {
  DependencyStatus whole{DependencyPhase::kMet, {}};
  for (const DependencyStatus& one : statuses) {
    if (one.phase == DependencyPhase::kNever) return {DependencyPhase::kNever, {}};
    if (one.phase == DependencyPhase::kWaiting) whole.phase = DependencyPhase::kWaiting;
    whole.from = std::max(whole.from, one.from);
  }
  if (whole.phase == DependencyPhase::kWaiting) whole.from = {};
  return whole;
}

DependencyStatus any_of(const std::vector<DependencyStatus>& statuses) {
  DependencyStatus whole{DependencyPhase::kNever, {}};
  for (const DependencyStatus& one : statuses) {
    if (one.phase == DependencyPhase::kMet) {
      const bool first = whole.phase != DependencyPhase::kMet;
      whole = {DependencyPhase::kMet, first ? one.from : std::min(whole.from, one.from)};
    } else if (one.phase == DependencyPhase::kWaiting && whole.phase == DependencyPhase::kNever) {
      whole.phase = DependencyPhase::kWaiting;
    }
  }
  return whole;
}

}  // namespace

std::string_view to_string(DependencyKind kind) {
  return kKindWords[static_cast<std::size_t>(kind)];
}

std::optional<DependencyKind> dependency_kind_from(std::string_view word) {
  const auto* const found = std::ranges::find(kKindWords, word);
  if (found == kKindWords.end()) return std::nullopt;
  return static_cast<DependencyKind>(found - kKindWords.begin());
}

std::string_view to_string(DependencyPhase phase) {
  return kPhaseWords[static_cast<std::size_t>(phase)];
}

Result<Dependencies> parse_dependencies(std::string_view text) {
  Dependencies dependencies;
  dependencies.any = text.find('?') != std::string_view::npos;
  if (dependencies.any && text.find(',') != std::string_view::npos) {
    return invalid(
        "',' and '?' cannot be mixed: write ',' where all are needed, or '?' where any one is "
        "enough");
  }
  if (text.empty()) return invalid("no dependency is named: write afterok:12");
  const char separator = dependencies.any ? '?' : ',';
  bool more = true;
  while (more) {
    more = text.find(separator) != std::string_view::npos;
    const Status added = add_part(take_until(text, text.find(separator)), dependencies.items);
    if (!added) return fail(added.error());
  }
  if (dependencies.items.size() > kDependenciesMax) {
    return invalid(std::to_string(dependencies.items.size()) +
                   " dependencies are more than the limit of " + std::to_string(kDependenciesMax));
  }
  return dependencies;
}

std::string to_string(const Dependency& dependency) {
  std::string text(to_string(dependency.kind));
  if (dependency.kind == DependencyKind::kSingleton) return text;
  text += ':' + std::to_string(dependency.job.value);
  if (dependency.task) text += '_' + std::to_string(*dependency.task);
  if (dependency.delay.count() > 0) text += '+' + std::to_string(dependency.delay.count() / 60);
  return text;
}

std::string to_string(const Dependencies& dependencies) {
  std::string text;
  for (const Dependency& item : dependencies.items) {
    if (!text.empty()) text += dependencies.any ? '?' : ',';
    text += to_string(item);
  }
  return text;
}

DependencyStatus verdict(const Dependencies& dependencies,
                         const std::vector<DependencyStatus>& statuses) {
  if (dependencies.empty()) return {DependencyPhase::kMet, {}};
  return dependencies.any ? any_of(statuses) : all_of(statuses);
}

}  // namespace usine
