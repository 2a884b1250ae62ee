# A room is a folder with a README, sources, tests and micro-benchmarks side by side; it becomes the
# CMake target serdab::<room>. See CONTRIBUTING.md.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

add_library(serdab_flags INTERFACE)
# Contraction is off everywhere: fused multiply-adds appear only where a kernel asks for them, so that
# every machine computes the same bits.
target_compile_options(serdab_flags INTERFACE -Wall -Wextra -Wshadow -ffp-contract=off)
if(SERDAB_ASSERTS)
  target_compile_definitions(serdab_flags INTERFACE SERDAB_ASSERTS=1)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  target_compile_options(serdab_flags INTERFACE -O1)
endif()
if(SERDAB_SANITIZE)
  target_compile_options(serdab_flags INTERFACE -fsanitize=${SERDAB_SANITIZE} -fno-omit-frame-pointer
                         -fno-sanitize-recover=all)
  target_link_options(serdab_flags INTERFACE -fsanitize=${SERDAB_SANITIZE})
endif()
if(SERDAB_FUZZ)
  target_compile_options(serdab_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

# serdab_room(NAME [DEPS room...] [LINK external...] [LINK_PRIVATE external...])
# Sources are the folder's *.cpp and those of its sub-folders; *_test.cpp become the test program
# test_<room>, *_bench.cpp the program bench_<room>. A file wasm/x.cpp stands for x.cpp in the browser's
# client (apps/web) and is left out here. tests/layout checks that includes follow DEPS.
function(serdab_room NAME)
  cmake_parse_arguments(ROOM "" "" "DEPS;LINK;LINK_PRIVATE" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS *.cpp)
  list(FILTER sources EXCLUDE REGEX "/wasm/[^/]*\\.cpp$")
  set(tests ${sources})
  set(benches ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|bench)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cpp$")

  if(sources)
    add_library(serdab_${NAME} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(serdab_${NAME} PRIVATE $<BUILD_INTERFACE:serdab_flags>)
  else()
    add_library(serdab_${NAME} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(serdab::${NAME} ALIAS serdab_${NAME})
  set_target_properties(serdab_${NAME} PROPERTIES EXPORT_NAME ${NAME})
  target_include_directories(serdab_${NAME} ${scope}
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/serdab>)
  target_compile_features(serdab_${NAME} ${scope} cxx_std_20)
  foreach(dep ${ROOM_DEPS})
    target_link_libraries(serdab_${NAME} ${scope} serdab::${dep})
  endforeach()
  if(ROOM_LINK)
    target_link_libraries(serdab_${NAME} ${scope} ${ROOM_LINK})
  endif()
  if(ROOM_LINK_PRIVATE AND sources)
    target_link_libraries(serdab_${NAME} PRIVATE ${ROOM_LINK_PRIVATE})
  endif()
  set_property(GLOBAL APPEND PROPERTY SERDAB_ROOMS serdab_${NAME})

  if(SERDAB_TESTS AND tests)
    serdab_test(test_${NAME} SOURCES ${tests} LINK serdab::${NAME} ${ROOM_LINK_PRIVATE})
  endif()
  if(SERDAB_BENCH AND benches)
    add_executable(bench_${NAME} ${benches})
    target_link_libraries(bench_${NAME} PRIVATE serdab_flags serdab::${NAME} ${ROOM_LINK_PRIVATE}
                          benchmark::benchmark_main)
  endif()
endfunction()

# serdab_test(NAME SOURCES ... LINK ...): one test program, one ctest entry. Suites whose name begins
# with Long are a second entry labelled "long", which the fast suite leaves out.
function(serdab_test NAME)
  cmake_parse_arguments(T "" "" "SOURCES;LINK" ${ARGN})
  add_executable(${NAME} ${T_SOURCES})
  target_link_libraries(${NAME} PRIVATE serdab_flags ${T_LINK} GTest::gmock_main GTest::gtest)
  # What is tested is optimised; the tests themselves are compiled in three quarters of the time.
  target_compile_options(${NAME} PRIVATE $<$<CONFIG:Release>:-O1>)
  target_compile_definitions(${NAME} PRIVATE SERDAB_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${NAME} COMMAND ${NAME} --gtest_filter=-Long*:*/Long*)
  set(long FALSE)
  foreach(source ${T_SOURCES})
    file(STRINGS ${source} found REGEX "^(TEST|TEST_F|TEST_P|INSTANTIATE_TEST_SUITE_P)[(]Long")
    if(found)
      set(long TRUE)
    endif()
  endforeach()
  if(long)
    add_test(NAME ${NAME}_long COMMAND ${NAME} --gtest_filter=Long*:*/Long*)
    set_tests_properties(${NAME}_long PROPERTIES LABELS long)
  endif()
endfunction()
