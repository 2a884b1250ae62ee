#include "engine/sampling/internal/aes_ctr.h"

#include "engine/sampling/internal/aes_ctr_bitsliced.h"

namespace serdab::sampling::internal {

std::unique_ptr<AesCtr> make_aes_ctr(const Seed& key, std::uint64_t stream) {
  return std::make_unique<AesCtrBitsliced>(key, stream);
}

}  // namespace serdab::sampling::internal
