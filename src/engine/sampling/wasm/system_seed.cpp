#include <wasi/api.h>

#include "engine/base/error.h"
#include "engine/sampling/seed.h"

namespace serdab::sampling {

// The page's glue answers random_get with crypto.getRandomValues.
Seed Seed::from_system() {
  Seed seed;
  const __wasi_errno_t error = __wasi_random_get(seed.bytes.data(), seed.bytes.size());
  base::require(error == 0, base::ErrorCode::kIo, "the browser's random generator gave no bytes");
  return seed;
}

}  // namespace serdab::sampling
