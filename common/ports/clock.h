// Where the shells get time from; pure code takes it as an argument.
#pragma once

#include "common/time.h"

namespace usine {

class WallClock {
 public:
  virtual ~WallClock() = default;
  [[nodiscard]] virtual Time now() = 0;
};

}  // namespace usine
