// An exclusive lock on an open file (flock): held until the file is closed or its process is gone.
// Any thread.
#pragma once

#include "common/result.h"
#include "common/time.h"

namespace usine::os {

// The lock of a process that was killed lives until the last of its threads has ended, which may be
// a moment after it counts as gone: so this waits for as long as `patience`. Errors: kConflict
// where somebody still holds it then, kIo.
[[nodiscard]] Status lock_file(int fd, Millis patience);

// What two processes that may follow on each other within no time allow the first to be gone.
inline constexpr Millis kLockPatience{5000};

}  // namespace usine::os
