#include "model/request_options.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "common/check.h"
#include "model/option_handlers.h"
#include "model/placement_options.h"

namespace usine {
namespace {

std::unexpected<Error> about(const OptionUse& use, ErrorCode code, const std::string& message) {
  return fail(code, use.named() + message);
}

bool holds_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const std::string_view first = words.substr(0, words.find(' '));
    if (first == word) return true;
    words.remove_prefix(std::min(words.size(), first.size() + 1));
  }
  return false;
}

// Takes uses one by one into a draft.
class Resolver {
 public:
  explicit Resolver(const LocalClock& clock) { draft_.clock = clock; }

  Status take(const OptionUse& use) {
    const OptionSpec& spec = *use.spec;
    switch (spec.treatment) {
      case OptionTreatment::kHonoured: return honour(use);
      case OptionTreatment::kWarned:
        draft_.resolved.warnings.push_back(use.named() +
                                           " has no effect: " + std::string(spec.note));
        return {};
      case OptionTreatment::kDefaultOnly:
        if (holds_word(spec.note, use.value)) return {};
        return about(use, ErrorCode::kRefused,
                     "=" + use.value + " is not supported: of its values only " +
                         std::string(spec.note) + " is, which is what happens without the option");
      case OptionTreatment::kRefused:
        return about(use, ErrorCode::kRefused,
                     " is known but not supported yet: " + std::string(spec.note));
      case OptionTreatment::kClient: return keep_for_client(use);
    }
    CHECK_THAT(false);
  }

  Result<ResolvedOptions> finish() {
    TaskCounts& counts = draft_.counts;
    if (Status status = check_memory_options(); !status) return fail(status.error());
    if (!counts.nodes && !draft_.component.only_nodes.empty()) {
      counts.nodes = static_cast<std::uint32_t>(draft_.component.only_nodes.size());
    }
    const Status status = lay_out_tasks(counts, draft_.component, draft_.resolved.warnings);
    if (!status) return fail(status.error());
    if (Status sound = check_placement_options(draft_.component); !sound) {
      return fail(sound.error());
    }
    draft_.resolved.request.components = {std::move(draft_.component)};
    return std::move(draft_.resolved);
  }

 private:
  Status honour(const OptionUse& use) {
    const OptionHandler handler = find_option_handler(use.spec->canonical());
    CHECK_THAT(handler != nullptr);
    const OptionFamily family = family_of(use.spec->canonical());
    if (family != OptionFamily::kNone) {
      const auto [layer, first] = family_layers_.emplace(family, use.layer);
      if (!first && std::exchange(layer->second, use.layer) != use.layer) {
        forget_family(family, draft_.counts);
      }
    }
    if (Status status = handler(draft_, use); !status) {
      return fail(status.error().within(use.named()));
    }
    return {};
  }

  Status keep_for_client(const OptionUse& use) {
    if (use.layer != OptionLayer::kCommandLine) {
      return about(use, ErrorCode::kInvalid, " belongs on the command line");
    }
    draft_.resolved.client.push_back(use);
    return {};
  }

  [[nodiscard]] Status check_memory_options() const {
    const TaskCounts& counts = draft_.counts;
    const int ways = (counts.memory_per_node_mib ? 1 : 0) + (counts.memory_per_core_mib ? 1 : 0) +
                     (counts.memory_per_gpu_mib ? 1 : 0);
    if (ways <= 1) return {};
    return fail(ErrorCode::kInvalid,
                "--mem, --mem-per-cpu and --mem-per-gpu contradict each other: write one of them");
  }

  RequestDraft draft_;
  std::map<OptionFamily, OptionLayer> family_layers_;
};

// Those of a part that count. Overridden ones are not even read, so that a bad or refused value in
// a script can be put right on the command line.
std::vector<const OptionUse*> effective(std::span<const OptionUse> uses, std::uint32_t part) {
  std::vector<const OptionUse*> ordered;
  for (const OptionUse& use : uses) {
    if (use.part == part) ordered.push_back(&use);
  }
  std::ranges::stable_sort(ordered, {}, [](const OptionUse* use) { return use->layer; });
  std::set<std::string_view> seen;
  std::vector<const OptionUse*> chosen;
  for (auto use = ordered.rbegin(); use != ordered.rend(); ++use) {
    const bool overridden = !seen.insert((*use)->spec->canonical()).second;
    if (!overridden) chosen.push_back(*use);
  }
  std::ranges::reverse(chosen);
  return chosen;
}

// Options that say which nodes a part of a job wants and what of them.
constexpr std::array<std::string_view, 21> kOfEachPart = {
    "nodes",         "ntasks",          "ntasks-per-node",
    "cpus-per-task", "cpus-per-gpu",    "gpus",
    "gpus-per-node", "gpus-per-task",   "gres",
    "mem",           "mem-per-cpu",     "mem-per-gpu",
    "exclusive",     "nodelist",        "exclude",
    "constraint",    "topology",        "switches",
    "segment",       "spread-segments", "consolidate-segments"};

Status check_part(std::span<const OptionUse> uses, std::uint32_t part) {
  for (const OptionUse& use : uses) {
    const bool shapes = std::ranges::find(kOfEachPart, use.spec->canonical()) != kOfEachPart.end();
    if (use.part != part || shapes || use.spec->treatment != OptionTreatment::kHonoured) continue;
    return about(use, ErrorCode::kInvalid,
                 " is for the whole job: write it with the job's first part");
  }
  return {};
}

Result<ResolvedOptions> resolve_part(std::span<const OptionUse> uses, std::uint32_t part,
                                     const LocalClock& clock) {
  Resolver resolver(clock);
  for (const OptionUse* use : effective(uses, part)) {
    if (Status status = resolver.take(*use); !status) return fail(status.error());
  }
  return resolver.finish();
}

}  // namespace

Result<ResolvedOptions> resolve_options(std::span<const OptionUse> uses, const LocalClock& clock) {
  std::uint32_t last = 0;
  for (const OptionUse& use : uses) last = std::max(last, use.part);
  auto resolved = resolve_part(uses, 0, clock);
  for (std::uint32_t part = 1; resolved && part <= last; ++part) {
    if (Status sound = check_part(uses, part); !sound) return fail(sound.error());
    auto further = resolve_part(uses, part, clock);
    if (!further) return fail(further.error());
    std::ranges::move(further->request.components,
                      std::back_inserter(resolved->request.components));
    std::ranges::move(further->warnings, std::back_inserter(resolved->warnings));
  }
  return resolved;
}

}  // namespace usine
