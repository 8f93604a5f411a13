// The clock on the user's wall, for options that take local times.
#pragma once

#include "model/begin_time.h"

namespace usine::cli {

[[nodiscard]] LocalClock local_clock();

}  // namespace usine::cli
