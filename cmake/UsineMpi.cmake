# Programs that run inside jobs as MPI ranks: the example trainer and the ranks of tests. Usine's
# own programs link no MPI.
set(MPI_CXX_SKIP_MPICXX ON)
find_package(MPI COMPONENTS CXX)
if(NOT MPI_CXX_FOUND)
  message(STATUS "skipped: programs that use MPI, since no MPI was found")
endif()

# usine_mpi_program(NAME source...): a rank, in bin/. Built without sanitizers also where the rest
# has them: an MPI library keeps memory until exit and is not instrumented, which they would report
# in place of the job's own end.
function(usine_mpi_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE usine_settings MPI::MPI_CXX)
  if(USINE_SANITIZER)
    target_compile_options(${name} PRIVATE -fno-sanitize=all)
    target_link_options(${name} PRIVATE -fno-sanitize=all)
  endif()
endfunction()
