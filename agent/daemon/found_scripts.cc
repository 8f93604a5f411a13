#include "agent/daemon/found_scripts.h"

namespace usine::agent {

std::optional<FoundAttempt> found_without_shepherd(const JobFolders& folders, AttemptKey key,
                                                   bool has_epilog) {
  const auto prolog = folders.script_run(key, SiteScript::kProlog);
  const auto epilog = folders.script_run(key, SiteScript::kEpilog);
  if (!prolog && !epilog) return std::nullopt;
  FoundAttempt found{key, {}, {}};
  if (prolog && prolog->phase == ScriptPhase::kFailed) {
    found.refused = Prepared{key, false, true, prolog->failure, {}, true};
  } else if (epilog) {
    found.ended = Ended{key, {EndCause::kLost, 0, 0, "its shepherd did not get ready"}, {}, 0};
  } else {
    found.script = SiteScript::kProlog;
  }
  add_epilog(folders, has_epilog, found);
  return found;
}

void add_epilog(const JobFolders& folders, bool has_epilog, FoundAttempt& found) {
  if (!found.ended && !found.refused) return;
  const auto run = folders.script_run(found.key, SiteScript::kEpilog);
  if (!run || run->phase == ScriptPhase::kBegun) {
    if (has_epilog) found.script = SiteScript::kEpilog;
    return;
  }
  EpilogWord& word = found.ended ? found.ended->epilog : found.refused->epilog;
  word.failure = run->failure;
}

}  // namespace usine::agent
