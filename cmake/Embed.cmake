# serdab_embed(TARGET PREFIX FILE...): the bytes of the files, for the program to read from memory as
# extern "C" const char PREFIX_<name>[] up to PREFIX_<name>_end[], dots and dashes of the name as underscores.
function(serdab_embed TARGET PREFIX)
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol "${PREFIX}_${name}")
    set(source ${CMAKE_CURRENT_BINARY_DIR}/embedded/${symbol}.cpp)
    file(GENERATE OUTPUT ${source} CONTENT
"asm(\".section .rodata\\n.balign 16\\n.global ${symbol}\\n${symbol}:\\n\"
    \".incbin \\\"${path}\\\"\\n.global ${symbol}_end\\n${symbol}_end:\\n.byte 0\\n.previous\\n\");
")
    set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path} GENERATED TRUE)
    target_sources(${TARGET} PRIVATE ${source})
  endforeach()
endfunction()
