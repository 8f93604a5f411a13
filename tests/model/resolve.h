// Short ways to write a request in tests: words of a command line, a script, input variables.
#pragma once

#include <string>
#include <vector>

#include "model/request_options.h"
#include "model/script.h"

namespace usine::test {

struct Wording {
  std::vector<std::string> command_line = {};
  std::vector<std::string> environment = {};
  std::string script = {};  // option lines and commands, after "#!/bin/sh"
};

// What the three layers resolve to; the script is called job.sh, and its first line is line 1.
inline Result<ResolvedOptions> resolve(const Wording& wording, const LocalClock& clock = {}) {
  const auto script = parse_script("#!/bin/sh\n" + wording.script, "job.sh");
  if (!script) return fail(script.error());
  std::vector<OptionUse> uses = script->options;
  for (const OptionUse& use : options_from_environment(wording.environment)) uses.push_back(use);
  const auto words = parse_option_parts(wording.command_line);
  if (!words) return fail(words.error());
  uses.insert(uses.end(), words->uses.begin(), words->uses.end());
  return resolve_options(uses, clock);
}

// Its one component; an empty one where it was refused, so that the test's checks fail.
inline Component component(const Wording& wording) {
  const auto resolved = resolve(wording);
  if (resolved) return resolved->request.components.front();
  Component none;
  none.nodes = 0;
  return none;
}

// The message with which it is refused; empty where it is not.
inline std::string refusal(const Wording& wording) {
  const auto resolved = resolve(wording);
  return resolved ? "" : resolved.error().message;
}

inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace usine::test
