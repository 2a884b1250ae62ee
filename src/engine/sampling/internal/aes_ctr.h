#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "engine/sampling/seed.h"

namespace serdab::sampling::internal {

/// The key stream of AES-256 in counter mode: key = seed, first counter block = stream id (8 bytes,
/// big-endian) followed by 8 zero bytes, counting up as a big-endian integer. Constant time; what
/// it holds is zeroed when it dies. Belongs to one thread at a time.
class AesCtr {
 public:
  virtual ~AesCtr() = default;
  /// The next out.size() bytes of the stream.
  virtual void next(std::span<std::uint8_t> out) = 0;
};

/// This target's own: OpenSSL's, and for WebAssembly AesCtrBitsliced.
std::unique_ptr<AesCtr> make_aes_ctr(const Seed& key, std::uint64_t stream);

}  // namespace serdab::sampling::internal
