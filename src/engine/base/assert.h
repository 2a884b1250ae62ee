#pragma once

#include <cstdio>
#include <cstdlib>

/// SERDAB_ASSERT(condition) checks a programmer's promise (ranges of words, sizes of spans) in
/// builds with SERDAB_ASSERTS; elsewhere it costs nothing and the condition is not evaluated.
#if defined(SERDAB_ASSERTS)
#define SERDAB_ASSERT(condition)                                                             \
  do {                                                                                       \
    if (!(condition)) {                                                                      \
      std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                          \
    }                                                                                        \
  } while (false)
#else
#define SERDAB_ASSERT(condition) static_cast<void>(sizeof((condition) ? 1 : 0))
#endif
