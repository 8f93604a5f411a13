# One call per folder: its sources are the files that lie in it, so that adding a rule or a command
# is adding its file pair and nothing else.

# usine_library(NAME [EXCLUDE regex] [DEPS target...]): the *.cc of this folder (without main.cc,
# and without those whose path matches the expression) as a static library.
function(usine_library name)
  cmake_parse_arguments(arg "" "EXCLUDE" "DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  if(arg_EXCLUDE)
    list(FILTER sources EXCLUDE REGEX "${arg_EXCLUDE}")
  endif()
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC usine_settings ${arg_DEPS})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE usine_settings ${arg_DEPS})
  endif()
endfunction()

# Every program of ours without tests and benchmarks: what ./quickstart builds.
add_custom_target(usine_programs)

# usine_program(NAME [DEPS target...]): main.cc of this folder as a program in bin/.
function(usine_program name)
  cmake_parse_arguments(arg "" "" "DEPS" ${ARGN})
  add_executable(${name} main.cc)
  target_link_libraries(${name} PRIVATE usine_settings ${arg_DEPS})
  add_dependencies(usine_programs ${name})
endfunction()

# usine_test(NAME [LABELS label...] [DEPS target...]): the *_test.cc of this folder as one doctest
# program whose every case is a ctest test. A case's name says what it shows.
function(usine_test name)
  cmake_parse_arguments(arg "" "" "LABELS;DEPS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.cc")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE usine_settings usine_test_main ${arg_DEPS})
  set(labels)
  if(arg_LABELS)
    set(labels LABELS "${arg_LABELS}")
  endif()
  # 77 is kSkipExitCode of tests/support/skip.h: the case says why it cannot run here.
  doctest_discover_tests(${name} TEST_PREFIX "${name}/"
    PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77 ${labels})
endfunction()

# usine_proto(NAME FILES file... [GRPC] [LITE]): a library of the messages of these .proto files
# (paths from the root of the repository). Its headers are included as "proto/NAME.pb.h", as system
# headers, since our warnings are not for generated code. GRPC adds the services' stubs
# ("proto/NAME.grpc.pb.h"); LITE is for files that say `optimize_for = LITE_RUNTIME`.
function(usine_proto name)
  cmake_parse_arguments(arg "GRPC;LITE" "" "FILES" ${ARGN})
  set(generated "${CMAKE_BINARY_DIR}/generated")
  file(MAKE_DIRECTORY "${generated}")
  set(kinds pb)
  set(options "--cpp_out=${generated}")
  if(arg_GRPC)
    list(APPEND kinds grpc.pb)
    list(APPEND options "--grpc_out=${generated}" "--plugin=protoc-gen-grpc=${USINE_GRPC_PLUGIN}")
  endif()
  # A file may import any of its neighbours.
  list(TRANSFORM arg_FILES PREPEND "${CMAKE_SOURCE_DIR}/" OUTPUT_VARIABLE depends)
  set(sources)
  foreach(file ${arg_FILES})
    string(REGEX REPLACE "\\.proto$" "" stem "${file}")
    set(outputs)
    foreach(kind ${kinds})
      list(APPEND outputs "${generated}/${stem}.${kind}.cc" "${generated}/${stem}.${kind}.h")
    endforeach()
    add_custom_command(OUTPUT ${outputs}
      COMMAND "${USINE_PROTOC}" "-I${CMAKE_SOURCE_DIR}" ${options} "${CMAKE_SOURCE_DIR}/${file}"
      DEPENDS ${depends}
      COMMENT "Generating ${stem}.pb" VERBATIM)
    list(APPEND sources ${outputs})
  endforeach()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} SYSTEM PUBLIC "${generated}")
  if(arg_GRPC)
    target_link_libraries(${name} PUBLIC usine_grpc)
  elseif(arg_LITE)
    target_link_libraries(${name} PUBLIC usine_protobuf_lite)
  else()
    target_link_libraries(${name} PUBLIC usine_protobuf)
  endif()
endfunction()
