# The PTX executor and its tests. `ddim_ptx_sources(TARGET)` of other tests may reuse `ddim_ptx`.
add_library(ddim_ptx STATIC ptx.cpp ptx_semantics.cpp)
target_include_directories(ddim_ptx PUBLIC ${PROJECT_SOURCE_DIR})
target_compile_features(ddim_ptx PUBLIC cxx_std_20)
target_compile_options(ddim_ptx PRIVATE -fno-strict-aliasing)  # registers are untyped bits
target_link_libraries(ddim_ptx PRIVATE ddim_strict)
