#include "engine/sampling/seed.h"

#include <openssl/rand.h>

#include "engine/base/error.h"
#include "engine/base/secure_zero.h"

namespace serdab::sampling {

Seed::~Seed() { base::secure_zero(bytes.data(), bytes.size()); }

Seed Seed::from_system() {
  Seed seed;
  // OpenSSL's generator is reseeded from the operating system and survives fork().
  const int ok = RAND_priv_bytes(seed.bytes.data(), static_cast<int>(seed.bytes.size()));
  base::require(ok == 1, base::ErrorCode::kIo, "the system's random generator gave no bytes");
  return seed;
}

Seed Seed::insecure_for_tests(std::uint64_t number) {
  Seed seed;
  for (std::size_t i = 0; i < 8; ++i) seed.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return seed;
}

}  // namespace serdab::sampling
