#include "scheduler/policy/what_if.h"

#include <algorithm>
#include <set>

#include "scheduler/policy/variations.h"

namespace usine {
namespace {

// When the varied job would start; none where it would be refused as well.
std::optional<Time> start_of(Outlook& outlook, const Job& job, const Variation& variation,
                             Time now) {
  if (variation.limit) {
    Job shorter = job;
    shorter.new_limit = *variation.limit;
    return outlook.start_of(shorter, now);
  }
  Result<Job> anew = outlook.submitted(variation.request, now);
  if (!anew) return std::nullopt;
  anew->id = job.id;  // in its place
  return outlook.start_of(*anew, now);
}

}  // namespace

WhatIf what_if(Outlook& outlook, const Job& job, std::uint32_t free_nodes, Time now) {
  WhatIf found;
  found.start = outlook.start_of(job, now);
  std::set<VariationGroup> helped;
  for (const Variation& variation : variations_of(*outlook.state().config, job, free_nodes)) {
    const bool alternative =
        variation.group == VariationGroup::kLimit || variation.group == VariationGroup::kNodes;
    if (alternative && helped.contains(variation.group)) continue;
    const auto start = start_of(outlook, job, variation, now);
    if (!start || (found.start && *start >= *found.start)) continue;
    helped.insert(variation.group);
    found.changes.push_back({variation.option, *start, !variation.limit});
  }
  std::ranges::stable_sort(found.changes, {}, &Change::start);
  return found;
}

}  // namespace usine
