#include "scheduler/policy/explain.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "scheduler/policy/blocking_rules.h"

namespace usine {
namespace {

void append(std::vector<BlockingRule> more, std::vector<BlockingRule>& rules) {
  for (BlockingRule& rule : more) {
    if (std::ranges::find(rules, rule) == rules.end()) rules.push_back(std::move(rule));
  }
}

// The planner's reason first; of its kind once, as worked out just now.
void put_first(const Reason& found, std::vector<BlockingRule>& rules) {
  const auto same = std::ranges::find(rules, found.kind,
                                      [](const BlockingRule& rule) { return rule.reason.kind; });
  if (same == rules.end()) {
    rules.insert(rules.begin(), {found, {}});
  } else {
    std::rotate(rules.begin(), same, std::next(same));
  }
}

}  // namespace

Explanation explain(const State& state, const Job& job, const std::optional<Reason>& found,
                    Time now) {
  Explanation explanation;
  std::vector<BlockingRule>& rules = explanation.rules;
  append(waiting_rules(state, job, now), rules);
  append(limit_rules(state, job), rules);
  for (const Component& component : job.request->components) {
    explanation.components.push_back(take_census(state, job, component, now));
    append(room_rules(state, job, component, explanation.components.back()), rules);
  }
  if (!rules.empty()) append(guarantee_rules(state, job), rules);
  const bool stale = found && found->kind == ReasonKind::kNotYetConsidered;
  if (found && !(stale && !rules.empty())) put_first(*found, rules);
  if (rules.empty()) rules.push_back({Reason{}, {}});
  return explanation;
}

}  // namespace usine
