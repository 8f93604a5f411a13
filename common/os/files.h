// Small files whole: read, and written so that a reader sees the old content or the new one, never
// half of it. For secrets, addresses and pid files; stateless, any thread.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "common/result.h"

namespace usine::os {

// Errors: kNotFound, kIo, with the path.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path);

// Through a temporary file beside it, synced and renamed. Error: kIo with the path.
[[nodiscard]] Status write_file(const std::filesystem::path& path, std::string_view content,
                                mode_t mode = 0644);

// "<what> <path>: <the system's words for errno>".
[[nodiscard]] Error system_error(std::string_view what, const std::filesystem::path& path,
                                 int error_number);

}  // namespace usine::os
