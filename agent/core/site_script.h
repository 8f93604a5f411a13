// The site's own scripts around each job on a node: the prolog before its first process, the epilog
// after its last. Pure values.
#pragma once

#include <cstdint>
#include <string>

#include "common/ids.h"
#include "common/time.h"

namespace usine::agent {

enum class SiteScript : std::uint8_t { kProlog = 0, kEpilog = 1 };

[[nodiscard]] constexpr const char* to_string(SiteScript which) {
  return which == SiteScript::kProlog ? "prolog" : "epilog";
}

struct ScriptFile {
  std::string path;  // empty: there is none, and a run of it succeeds at once
  Millis limit{60'000};
};

// Which of them this node has.
struct SiteScripts {
  Millis prolog_limit{0};  // 0: no prolog
  bool epilog = false;

  [[nodiscard]] bool prolog() const { return prolog_limit > Millis{0}; }
};

// A script has ended, or was ended at its time limit.
struct ScriptEnded {
  AttemptKey key;
  SiteScript which = SiteScript::kProlog;
  std::string failure;  // one line; empty: it went well
};

}  // namespace usine::agent
