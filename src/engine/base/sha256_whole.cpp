#include "engine/base/sha256.h"

namespace serdab::base {

Sha256Digest sha256(std::span<const std::uint8_t> bytes) {
  Sha256 hasher;
  hasher.update(bytes);
  return hasher.finish();
}

}  // namespace serdab::base
