// Recorded data of real machines, which is not part of the repository: $USINE_DATA, or a folder
// beside the source tree. Tests skip by name where it is missing.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace usine::test {

// The file or folder `name` under the data folder, where it exists.
[[nodiscard]] inline std::optional<std::filesystem::path> find_data(const std::string& name) {
  const char* const set = std::getenv("USINE_DATA");
  const std::filesystem::path folder =
      set != nullptr ? set : std::filesystem::path(USINE_SOURCE_DIR) / "../shared/data";
  std::filesystem::path path = (folder / name).lexically_normal();
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path;
}

}  // namespace usine::test
