# WebAssembly modules from the client's rooms, with emscripten. Modules are stand-alone: no JavaScript
# is generated, and apps/web/page/client.js answers their few imports.
option(SERDAB_WEB "Build the browser client's WebAssembly where emscripten is installed" ON)
if(SERDAB_WEB AND NOT SERDAB_SANITIZE AND NOT SERDAB_FUZZ)
  find_program(EMXX em++)
  if(NOT EMXX)
    message(STATUS "emscripten is not installed: the page is built without client.wasm and says so")
  endif()
else()
  set(EMXX "")
endif()

set(SERDAB_WASM_ROOMS engine/base engine/arith engine/kernels engine/sampling engine/ring
    engine/ckks_params engine/ckks engine/ckks_secret networks/program service/wire service/client)
set(SERDAB_WASM_DIR ${CMAKE_BINARY_DIR}/wasm)
set(SERDAB_WASM_FLAGS -std=c++20 -O3 -msimd128 -fwasm-exceptions -ffp-contract=off)
set(SERDAB_WASM_EMXX ${EMXX})
if(CCACHE)
  set(SERDAB_WASM_EMXX ${CMAKE_COMMAND} -E env EM_COMPILER_WRAPPER=${CCACHE} ${EMXX})
endif()

# One object for every source: serdab_wasm_object(RESULT SOURCE).
function(serdab_wasm_object RESULT SOURCE)
  file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${SOURCE})
  set(object ${SERDAB_WASM_DIR}/${name}.o)
  get_filename_component(folder ${object} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  add_custom_command(OUTPUT ${object}
    COMMAND ${SERDAB_WASM_EMXX} ${SERDAB_WASM_FLAGS} -Wall -Wextra -Wshadow
            -I${PROJECT_SOURCE_DIR}/src -MD -MF ${object}.d -c ${SOURCE} -o ${object}
    DEPENDS ${SOURCE} DEPFILE ${object}.d VERBATIM COMMENT "WebAssembly ${name}")
  set(${RESULT} ${object} PARENT_SCOPE)
endfunction()

# The sources of a room: wasm/x.cpp stands for x.cpp, and neither tests nor other machines' kernels
# are wanted.
function(serdab_wasm_sources RESULT ROOM)
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${ROOM}/*.cpp)
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$|/avx[^/]*/")
  foreach(source ${sources})
    if(source MATCHES "/wasm/[^/]*$")
      string(REPLACE "/wasm/" "/" replaced ${source})
      list(REMOVE_ITEM sources ${replaced})
    endif()
  endforeach()
  set(${RESULT} ${sources} PARENT_SCOPE)
endfunction()

# serdab_wasm(NAME SOURCE...): the target wasm_NAME makes ${SERDAB_WASM_DIR}/NAME.wasm from the rooms
# and these. random_get is the one import that emscripten's own list does not have.
function(serdab_wasm NAME)
  get_property(objects GLOBAL PROPERTY SERDAB_WASM_OBJECTS)
  if(NOT objects)
    foreach(room ${SERDAB_WASM_ROOMS})
      serdab_wasm_sources(sources ${room})
      foreach(source ${sources})
        serdab_wasm_object(object ${source})
        list(APPEND objects ${object})
      endforeach()
    endforeach()
    set_property(GLOBAL PROPERTY SERDAB_WASM_OBJECTS ${objects})
    add_custom_target(wasm_rooms DEPENDS ${objects})
  endif()
  foreach(source ${ARGN})
    serdab_wasm_object(object ${source})
    list(APPEND objects ${object})
  endforeach()
  set(module ${SERDAB_WASM_DIR}/${NAME}.wasm)
  add_custom_command(OUTPUT ${module}
    COMMAND ${SERDAB_WASM_EMXX} ${SERDAB_WASM_FLAGS} ${objects} -o ${module} -sSTANDALONE_WASM
            --no-entry -sALLOW_MEMORY_GROWTH -sMAXIMUM_MEMORY=2GB -sERROR_ON_UNDEFINED_SYMBOLS=0
            -sWARN_ON_UNDEFINED_SYMBOLS=0
    DEPENDS ${objects} VERBATIM COMMENT "WebAssembly module ${NAME}.wasm")
  add_custom_target(wasm_${NAME} ALL DEPENDS ${module})
  add_dependencies(wasm_${NAME} wasm_rooms)
endfunction()
