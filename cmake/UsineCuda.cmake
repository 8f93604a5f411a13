# CUDA and NCCL are optional: where the toolkit is found, what needs it is built, and nothing has to
# be switched on; where it is not, the configure step says by name what is skipped. NVML needs
# nothing here, since it is loaded at run time.
find_package(CUDAToolkit QUIET)
find_library(USINE_NCCL_LIBRARY nccl HINTS "${CUDAToolkit_LIBRARY_DIR}")
find_path(USINE_NCCL_HEADERS nccl.h HINTS "${CUDAToolkit_INCLUDE_DIRS}")
mark_as_advanced(USINE_NCCL_LIBRARY USINE_NCCL_HEADERS)

set(USINE_HAVE_CUDA ${CUDAToolkit_FOUND})
set(USINE_HAVE_NCCL FALSE)
if(USINE_HAVE_CUDA AND USINE_NCCL_LIBRARY AND USINE_NCCL_HEADERS)
  set(USINE_HAVE_NCCL TRUE)
  add_library(usine_nccl INTERFACE)
  target_include_directories(usine_nccl SYSTEM INTERFACE "${USINE_NCCL_HEADERS}")
  target_link_libraries(usine_nccl INTERFACE CUDA::cudart "${USINE_NCCL_LIBRARY}")
endif()
