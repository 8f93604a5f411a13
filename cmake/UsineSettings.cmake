# Language level, warnings and sanitizers, the same for every target of ours.
set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")

set(USINE_SANITIZER "" CACHE STRING "address, thread, or empty for none")

find_program(USINE_CCACHE ccache)
if(USINE_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${USINE_CCACHE}")
endif()

add_library(usine_settings INTERFACE)
target_include_directories(usine_settings INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(usine_settings INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Werror)
# With -O2, or under the address sanitizer, this GCC takes the payload of an empty std::optional or
# std::variant for used (its bug 80635).
if(USINE_SANITIZER STREQUAL "address")
  target_compile_options(usine_settings INTERFACE -Wno-maybe-uninitialized)
else()
  target_compile_options(usine_settings INTERFACE
    $<$<AND:$<CXX_COMPILER_ID:GNU>,$<CONFIG:RelWithDebInfo>>:-Wno-maybe-uninitialized>)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # What clang adds to these names beyond GCC: signs, which GCC leaves out of -Wconversion in C++,
  # and functions that libstdc++'s own stable_sort calls.
  target_compile_options(usine_settings INTERFACE -Wno-sign-conversion -Wno-deprecated-declarations)
endif()
if(USINE_SANITIZER STREQUAL "address")
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(USINE_SANITIZER STREQUAL "thread")
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
elseif(NOT USINE_SANITIZER STREQUAL "")
  message(FATAL_ERROR "USINE_SANITIZER is '${USINE_SANITIZER}': use address, thread, or nothing")
endif()
