# cmake -DBUILD=... -DSOURCE=... -DWORK=... -DPROGRAM=... -DREADME=... -DEXPECTED=... -P check.cmake: installs ddim to a
# prefix of its own, builds the program of that directory against that alone, and compares what it prints with what
# the equations say. README shows the same program.
cmake_policy(VERSION 3.25)
function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(status)
    message(FATAL_ERROR "${ARGN}:\n${output}${errors}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK})
run(${CMAKE_COMMAND} --install ${BUILD} --prefix ${WORK}/prefix)
run(${CMAKE_COMMAND} -S ${SOURCE}/${PROGRAM} -B ${WORK}/build -G Ninja -DCMAKE_PREFIX_PATH=${WORK}/prefix
    -DCMAKE_CXX_FLAGS=${FLAGS})
run(${CMAKE_COMMAND} --build ${WORK}/build)
run(${WORK}/build/consumer)
string(STRIP "${output}" output)
if(NOT output STREQUAL EXPECTED)
  message(FATAL_ERROR "printed '${output}', expected '${EXPECTED}'")
endif()

file(READ ${SOURCE}/${README} readme)
file(READ ${SOURCE}/${PROGRAM}/main.cpp program)
string(FIND "${readme}" "```cpp\n${program}```\n" place)
if(place EQUAL -1)
  message(FATAL_ERROR "${README} does not show ${PROGRAM}/main.cpp as it is")
endif()
