# Installs the library to a folder of its own, builds the project consumer/ against it, and runs
# that. WAY says how the project finds the library.
file(REMOVE_RECURSE ${FOLDER})
set(prefix ${FOLDER}/prefix)

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

run(${CMAKE_COMMAND} --install ${LIBRARY_BUILD} --prefix ${prefix})
set(settings -DWAY=${WAY} -DCMAKE_PREFIX_PATH=${prefix})
if(TOOLCHAIN)
  # When cross-compiling, CMake looks in the sysroot only, unless it is told of other folders.
  list(APPEND settings -DCMAKE_FIND_ROOT_PATH=${prefix} -DCMAKE_TOOLCHAIN_FILE=${TOOLCHAIN}
    -DPISDK_SYSROOT=${PISDK_SYSROOT} -DPISDK_BOARD=${PISDK_BOARD}
    -DPISDK_EXECUTABLE=${PISDK_EXECUTABLE})
endif()
run(${CMAKE_COMMAND} -G ${GENERATOR} -S ${CMAKE_CURRENT_LIST_DIR}/consumer -B ${FOLDER}/build
  ${settings})
run(${CMAKE_COMMAND} --build ${FOLDER}/build)
run(${CMAKE_CTEST_COMMAND} --test-dir ${FOLDER}/build --output-on-failure --no-tests=error)
