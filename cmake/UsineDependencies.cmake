# Third-party libraries, all from the distribution (scripts/install-deps).
find_package(Threads REQUIRED)
find_package(Protobuf REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(benchmark REQUIRED)
find_package(doctest REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(hwloc REQUIRED IMPORTED_TARGET hwloc)
pkg_check_modules(pmix REQUIRED IMPORTED_TARGET pmix)
include(doctest)

find_program(USINE_PROTOC protoc REQUIRED)
find_program(USINE_GRPC_PLUGIN grpc_cpp_plugin REQUIRED)

# The archive of a library where the distribution has one, else its shared form. The thread
# sanitizer gets the shared form always: it is told to pass over modules that it has not
# instrumented, so gRPC's code must not be linked into a module of ours.
function(usine_find_archive variable library)
  set(names lib${library}.a ${library})
  if(USINE_SANITIZER STREQUAL "thread")
    set(names ${library})
  endif()
  find_library(USINE_ARCHIVE_${library} NAMES ${names} REQUIRED)
  mark_as_advanced(USINE_ARCHIVE_${library})
  set(${variable} "${USINE_ARCHIVE_${library}}" PARENT_SCOPE)
endfunction()

# gRPC and protobuf go into our programs as archives: a command that makes one call then starts and
# ends in a third of the time, since some sixty shared libraries need not be loaded. The exported
# CMake targets name the shared forms, so the list of archives is taken from pkg-config.
function(usine_static_package target package)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  pkg_check_modules(USINE_PC_${target} REQUIRED QUIET ${package})
  # Order and repetition do not matter within a rescanned group.
  set(names ${USINE_PC_${target}_STATIC_LIBRARIES})
  list(REMOVE_DUPLICATES names)
  set(archives)
  set(system)
  foreach(name ${names})
    if(name MATCHES "^(dl|m|rt|atomic|pthread)$")
      list(APPEND system ${name})
    else()
      usine_find_archive(archive ${name})
      list(APPEND archives "${archive}")
    endif()
  endforeach()
  add_library(${target} INTERFACE)
  target_include_directories(${target} SYSTEM INTERFACE ${USINE_PC_${target}_INCLUDE_DIRS})
  string(JOIN "," group ${archives})
  target_link_libraries(${target} INTERFACE
    ${arg_DEPS} "$<LINK_GROUP:RESCAN,${group}>" ${system} Threads::Threads)
endfunction()

usine_static_package(usine_protobuf_lite protobuf-lite)
usine_static_package(usine_protobuf protobuf)
usine_static_package(usine_grpc grpc++ DEPS usine_protobuf)
