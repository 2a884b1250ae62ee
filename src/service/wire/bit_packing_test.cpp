#include "service/wire/bit_packing.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace serdab::wire {
namespace {

TEST(BitPacking, RoundTripsEveryWidthAndLength) {
  std::mt19937_64 random(1);
  for (unsigned bits = 1; bits <= 64; ++bits) {
    const std::uint64_t mask = bits == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    for (std::size_t count : {0u, 1u, 7u, 8u, 9u, 1000u}) {
      std::vector<std::uint64_t> values(count);
      for (auto& v : values) v = random() & mask;
      std::vector<std::uint8_t> bytes(packed_bytes(count, bits));
      pack_bits(values, bits, bytes);
      std::vector<std::uint64_t> back(count);
      unpack_bits(bytes, bits, back);
      ASSERT_EQ(back, values) << bits << " bits, " << count << " values";
    }
  }
}

TEST(BitPacking, IsLittleEndianLeastSignificantFirst) {
  const std::vector<std::uint64_t> values = {0b101, 0b010, 0b111};
  std::vector<std::uint8_t> bytes(packed_bytes(3, 3));
  pack_bits(values, 3, bytes);
  EXPECT_EQ(bytes, (std::vector<std::uint8_t>{0b11010101, 0b1}));
}

}  // namespace
}  // namespace serdab::wire
