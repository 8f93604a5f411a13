#include "scheduler/daemon/restore.h"

#include <filesystem>

#include <spdlog/fmt/fmt.h>

#include "common/os/system_clock.h"
#include "common/time.h"
#include "common/units.h"
#include "scheduler/store/backup.h"

namespace usine::daemon {

Result<std::string> restore_store(const std::string& backup, const StateFolder& folder) {
  const std::string path = folder.file("usine.db");
  if (std::filesystem::exists(path)) {
    return fail(ErrorCode::kConflict,
                path +
                    " is there already: move it and the files beside it that begin with its "
                    "name away first, or name an empty folder with --state");
  }
  const auto restored = store::restore_backup(backup, {path, {}}, os::SystemWallClock().now());
  if (!restored) return fail(restored.error());
  return fmt::format(
      "restored cluster {} as of {}: {}, epoch {}, job ids go on at {}\n"
      "What was submitted later is not known: agents end such jobs when they join. What waited "
      "then and has run since runs again.\n",
      restored->cluster_uuid, format_time(restored->as_of), counted(restored->jobs, "job"),
      restored->epoch.value, restored->next_job.value);
}

}  // namespace usine::daemon
