// What `usine simulate` found as one HTML page: a table and three drawings, two more where
// estimates were scored, policies in colours. It needs no network and no script, and follows the
// reader's choice of light or dark.
#pragma once

#include <string>

#include "tools/simulate.h"

namespace usine::tools {

[[nodiscard]] std::string to_html(const Simulated& simulated);

}  // namespace usine::tools
