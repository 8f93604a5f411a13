// The text of examples/machines/*.yaml, compiled in by the build (cmake/EmbedFiles.cmake).
#pragma once

#include <span>
#include <string_view>
#include <utility>

namespace usine {

// (name, text), in the order of the names.
[[nodiscard]] std::span<const std::pair<std::string_view, std::string_view>> embedded_machines();

}  // namespace usine
