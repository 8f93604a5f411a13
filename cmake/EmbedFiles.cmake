# Writes a C++ source that holds text files as a table of (name without ending, text).
# cmake -D OUT=file.cc -D FUNCTION=name -D FILES="a.yaml,b.yaml" -P EmbedFiles.cmake
string(REPLACE "," ";" files "${FILES}")
set(entries "")
foreach(file ${files})
  get_filename_component(name "${file}" NAME_WE)
  file(READ "${file}" text)
  string(APPEND entries "    {\"${name}\", R\"usine_text(${text})usine_text\"},\n")
endforeach()
file(WRITE "${OUT}.new" "// Made by cmake/EmbedFiles.cmake from files of the source tree.
#include <array>
#include <span>
#include <string_view>
#include <utility>

namespace usine {

std::span<const std::pair<std::string_view, std::string_view>> ${FUNCTION}() {
  static constexpr auto kFiles = std::to_array<std::pair<std::string_view, std::string_view>>({
${entries}  });
  return kFiles;
}

}  // namespace usine
")
file(COPY_FILE "${OUT}.new" "${OUT}" ONLY_IF_DIFFERENT)
