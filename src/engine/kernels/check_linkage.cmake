# cmake -DNM=... -DOBJECTS=a|b -P check_linkage.cmake
# Fails if an object of an instruction set exports an inline function: the linker might take that copy
# for all callers, and machines without the instruction set would stop in it.
string(REPLACE "|" ";" objects "${OBJECTS}")
foreach(object ${objects})
  if(object MATCHES "/(avx2|avx512ifma)/")
    execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols RESULT_VARIABLE status)
    if(NOT status EQUAL 0)
      message(FATAL_ERROR "cannot read ${object}")
    endif()
    # The pointer to the exception handler of the language is data, the same in every object.
    string(REGEX REPLACE "[^\n]* V DW\\.ref\\.[^\n]*" "" symbols "${symbols}")
    string(REGEX MATCH "[^\n]* [WVu] [^\n]*" weak "${symbols}")
    if(weak)
      message(FATAL_ERROR "${object} exports an inline function: ${weak}")
    endif()
  endif()
endforeach()
