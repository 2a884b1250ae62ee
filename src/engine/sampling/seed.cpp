#include "engine/sampling/seed.h"

#include "engine/base/secure_zero.h"

namespace serdab::sampling {

Seed::~Seed() { base::secure_zero(bytes.data(), bytes.size()); }

Seed Seed::insecure_for_tests(std::uint64_t number) {
  Seed seed;
  for (std::size_t i = 0; i < 8; ++i) seed.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return seed;
}

}  // namespace serdab::sampling
