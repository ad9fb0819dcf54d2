# The executor of nvcc's PTX, its tests, and the PTX of their samples for every architecture.
add_library(ddim_ptx STATIC ptx_text.cpp ptx_read.cpp ptx_body.cpp ptx_run.cpp ptx_semantics.cpp
  ptx_integers.cpp ptx_floats.cpp ptx_conversions.cpp ptx_memory.cpp ptx_control.cpp)
target_include_directories(ddim_ptx PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_features(ddim_ptx PUBLIC cxx_std_20)
target_compile_options(ddim_ptx PRIVATE -fno-strict-aliasing)  # a register is untyped bits
target_link_libraries(ddim_ptx PRIVATE ddim_strict)

find_library(MPFR_LIBRARY mpfr REQUIRED)
ddim_test(ptx_test SOURCES ptx_check.cpp ptx_integers_test.cpp ptx_floats_test.cpp ptx_execution_test.cpp
  ptx_traps_test.cpp ptx_samples_test.cpp LIBRARIES ddim_ptx ${MPFR_LIBRARY})
target_compile_definitions(ptx_test PRIVATE DDIM_PTX_SAMPLES="${CMAKE_CURRENT_BINARY_DIR}")

find_program(DDIM_NVCC nvcc HINTS ENV CUDA_PATH PATHS /usr/local/cuda/bin PATH_SUFFIXES bin)
if(DDIM_NVCC)
  foreach(arch 80 90 100 120)
    set(ptx ${CMAKE_CURRENT_BINARY_DIR}/ptx_samples.sm_${arch}.ptx)
    add_custom_command(OUTPUT ${ptx}
      COMMAND ${DDIM_NVCC} -std=c++20 -O3 -fmad=false -ccbin ${CMAKE_CXX_COMPILER} -I${PROJECT_SOURCE_DIR} -arch=sm_${arch}
              -ptx ${CMAKE_CURRENT_SOURCE_DIR}/ptx_samples.cu -o ${ptx}
      DEPENDS ptx_samples.cu ptx_samples.hpp VERBATIM)
    list(APPEND sample_files ${ptx})
  endforeach()
  add_custom_target(ptx_samples DEPENDS ${sample_files})
  add_dependencies(ptx_test ptx_samples)
else()
  message(STATUS "nvcc not found: the tests of the PTX executor on nvcc's own output will be skipped")
endif()
