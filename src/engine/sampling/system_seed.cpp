#include <openssl/rand.h>

#include "engine/base/error.h"
#include "engine/sampling/seed.h"

namespace serdab::sampling {

Seed Seed::from_system() {
  Seed seed;
  // OpenSSL's generator is reseeded from the operating system and survives fork().
  const int ok = RAND_priv_bytes(seed.bytes.data(), static_cast<int>(seed.bytes.size()));
  base::require(ok == 1, base::ErrorCode::kIo, "the system's random generator gave no bytes");
  return seed;
}

}  // namespace serdab::sampling
