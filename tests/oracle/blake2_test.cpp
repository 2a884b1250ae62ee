#include "blake2.h"

#include <gtest/gtest.h>
#include <openssl/evp.h>

#include <numeric>

namespace serdab::oracle {
namespace {

TEST(Blake2b, EqualsOpenSslAtFullLength) {
  for (const std::size_t size : {0u, 1u, 127u, 128u, 129u, 1000u}) {
    std::vector<std::uint8_t> message(size), expected(64);
    std::iota(message.begin(), message.end(), std::uint8_t{3});
    ASSERT_EQ(EVP_Digest(message.data(), size, expected.data(), nullptr, EVP_blake2b512(), nullptr),
              1);
    EXPECT_EQ(blake2b(64, {}, message), expected) << size;
  }
}

}  // namespace
}  // namespace serdab::oracle
