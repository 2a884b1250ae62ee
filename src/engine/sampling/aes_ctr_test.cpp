#include "engine/sampling/internal/aes_ctr.h"

#include <gtest/gtest.h>

#include <vector>

#include "engine/base/hex.h"
#include "engine/sampling/internal/aes_ctr_bitsliced.h"

namespace serdab::sampling::internal {
namespace {

// NIST SP 800-38A, F.1.5: four blocks in ECB mode.
TEST(AesBitsliced, KnownAnswers) {
  const std::array<std::uint8_t, 32> key = {0x60, 0x3d, 0xeb, 0x10, 0x15, 0xca, 0x71, 0xbe,
                                            0x2b, 0x73, 0xae, 0xf0, 0x85, 0x7d, 0x77, 0x81,
                                            0x1f, 0x35, 0x2c, 0x07, 0x3b, 0x61, 0x08, 0xd7,
                                            0x2d, 0x98, 0x10, 0xa3, 0x09, 0x14, 0xdf, 0xf4};
  const std::array<std::uint8_t, 64> plain = {
      0x6b, 0xc1, 0xbe, 0xe2, 0x2e, 0x40, 0x9f, 0x96, 0xe9, 0x3d, 0x7e, 0x11, 0x73,
      0x93, 0x17, 0x2a, 0xae, 0x2d, 0x8a, 0x57, 0x1e, 0x03, 0xac, 0x9c, 0x9e, 0xb7,
      0x6f, 0xac, 0x45, 0xaf, 0x8e, 0x51, 0x30, 0xc8, 0x1c, 0x46, 0xa3, 0x5c, 0xe4,
      0x11, 0xe5, 0xfb, 0xc1, 0x19, 0x1a, 0x0a, 0x52, 0xef, 0xf6, 0x9f, 0x24, 0x45,
      0xdf, 0x4f, 0x9b, 0x17, 0xad, 0x2b, 0x41, 0x7b, 0xe6, 0x6c, 0x37, 0x10};
  std::array<std::uint8_t, 128> blocks{};
  std::copy(plain.begin(), plain.end(), blocks.begin() + 32);
  AesBitsliced(key).encrypt(blocks);
  const auto hex = [&](std::size_t block) {
    return base::to_hex(std::span(blocks).subspan(16 * block, 16));
  };
  EXPECT_EQ(hex(2), "f3eed1bdb5d2a03c064b5a7e3db181f8");
  EXPECT_EQ(hex(3), "591ccb10d410ed26dc5ba74a31362870");
  EXPECT_EQ(hex(4), "b6ed21b99ca6f4f9f153e7b1beafed1d");
  EXPECT_EQ(hex(5), "23304b7a39f9f3ff067d8d8f9e24ecc7");
}

// Pieces of every kind, so that the counter is carried on rightly.
TEST(AesCtrBitsliced, IsTheStreamOfOpenSsl) {
  for (std::uint64_t number = 0; number < 20; ++number) {
    const Seed seed = Seed::insecure_for_tests(number * 0x9e3779b97f4a7c15u + 5);
    const std::uint64_t stream = number * 0xbf58476d1ce4e5b9u;
    const auto expected = make_aes_ctr(seed, stream);
    AesCtrBitsliced bitsliced(seed, stream);
    for (std::size_t size : {8u, 24u, 128u, 1000u, 8u, 40'000u}) {
      std::vector<std::uint8_t> a(size), b(size);
      expected->next(a);
      bitsliced.next(b);
      ASSERT_EQ(a, b) << size;
    }
  }
}

}  // namespace
}  // namespace serdab::sampling::internal
