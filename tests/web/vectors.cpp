// Exports of the module that wasm_test.mjs holds the cipher and the hash against published vectors
// with: the code that client.wasm has, as WebAssembly.
#include <cstdlib>

#include "engine/base/sha256.h"
#include "engine/sampling/internal/aes_bitsliced.h"

#define SERDAB_EXPORT(name) extern "C" __attribute__((export_name(#name)))

SERDAB_EXPORT(test_allocate) void* test_allocate(std::size_t size) { return std::malloc(size); }

/// Eight blocks, in place.
SERDAB_EXPORT(test_aes256) void test_aes256(const std::uint8_t* key, std::uint8_t* blocks) {
  serdab::sampling::internal::AesBitsliced(std::span<const std::uint8_t, 32>(key, 32))
      .encrypt(std::span<std::uint8_t, 128>(blocks, 128));
}

SERDAB_EXPORT(test_sha256)
void test_sha256(const std::uint8_t* data, std::size_t size, std::uint8_t* digest) {
  const auto result = serdab::base::sha256({data, size});
  for (std::size_t i = 0; i < result.size(); ++i) digest[i] = result[i];
}
