# What the shared library gives to programs is what its header says.
execute_process(COMMAND ${NM} --dynamic --defined-only --format=just-symbols ${LIBRARY}
  OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" symbols "${symbols}")
list(SORT symbols)
set(expected running_add running_deviation running_init running_merge)
if(NOT symbols STREQUAL expected)
  message(FATAL_ERROR "the library has ${symbols}\nand not ${expected}")
endif()
