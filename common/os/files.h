// Small files, read and written whole: pid files, job specifications, end records. Any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <sys/types.h>

#include "common/result.h"

namespace usine::os {

inline constexpr std::size_t kSmallFileBytesMax = 64u << 20;

// The whole file. Errors: kNotFound, kPermission, kIo; kInvalid where it is larger than bytes_max.
[[nodiscard]] Result<std::string> read_file(const std::string& path,
                                            std::size_t bytes_max = kSmallFileBytesMax);

// Makes or replaces the file; a reader may see it half written.
[[nodiscard]] Status write_file(const std::string& path, std::string_view bytes,
                                mode_t mode = 0600);

// Makes or replaces the file so that a reader, also one after a crash of the machine, sees the old
// or the new content whole (write, fsync, rename, fsync of the folder).
[[nodiscard]] Status write_file_durably(const std::string& path, std::string_view bytes,
                                        mode_t mode = 0600);

// As write_file_durably for readers that are alive, without surviving a crash of the machine.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view bytes,
                                  mode_t mode = 0600);

}  // namespace usine::os
