# Files whose bytes become part of a program: the assembler includes them, no array of numbers is compiled.

# serdab_incbin(RESULT SYMBOL FILE): C++ that defines the file's bytes from SYMBOL to SYMBOL_end, a zero
# behind them.
function(serdab_incbin RESULT SYMBOL FILE)
  string(CONCAT code
    "asm(\".pushsection .rodata\\n\"\n"
    "    \".globl ${SYMBOL}, ${SYMBOL}_end\\n\"\n"
    "    \"${SYMBOL}: .incbin \\\"${FILE}\\\"\\n\"\n"
    "    \"${SYMBOL}_end: .byte 0\\n\"\n"
    "    \".popsection\");\n")
  set(${RESULT} "${code}" PARENT_SCOPE)
endfunction()

# serdab_embed(TARGET SYMBOL FILE): for the target's own code, as extern "C" const char SYMBOL[].
function(serdab_embed TARGET SYMBOL FILE)
  get_filename_component(path ${FILE} ABSOLUTE)
  serdab_incbin(code ${SYMBOL} ${path})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${SYMBOL}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "@code@" @ONLY)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${path})
  target_sources(${TARGET} PRIVATE ${source})
endfunction()

# serdab_assets(OUTPUT FILE...): writes the C++ file OUTPUT, which holds the files' bytes and lists them
# as serdab::web::assets(). The assembler includes them: no array of numbers to compile.
function(serdab_assets OUTPUT)
  set(type_of.html "text/html; charset=utf-8")
  set(type_of.css "text/css; charset=utf-8")
  set(type_of.js "text/javascript; charset=utf-8")
  set(type_of.wasm "application/wasm")
  set(includes "")
  set(declarations "")
  set(list "")
  set(number 0)
  foreach(file ${ARGN})
    get_filename_component(name ${file} NAME)
    get_filename_component(ending ${file} LAST_EXT)
    set(path "/${name}")
    if(name STREQUAL "index.html")
      set(path "/")
    endif()
    set(symbol serdab_web_asset_${number})
    serdab_incbin(code ${symbol} ${file})
    string(APPEND includes "${code}")
    string(APPEND declarations "extern const char ${symbol}[], ${symbol}_end[];\n")
    string(APPEND list "      {\"${path}\", \"${type_of${ending}}\", between(${symbol}, ${symbol}_end)},\n")
    math(EXPR number "${number} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT [[
// Written by cmake/SerdabAssets.cmake.
#include "web/assets.h"

@includes@
extern "C" {
@declarations@}

namespace serdab::web {
namespace {

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace

std::span<const gateway::Asset> assets() {
  static const gateway::Asset all[] = {
@list@  };
  return all;
}

}  // namespace serdab::web
]])
endfunction()
