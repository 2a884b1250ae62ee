#include <gtest/gtest.h>

#include <random>

#include "engine/kernels/avx512ifma/make_table.h"
#include "engine/kernels/avx512ifma/vector_emulated.h"
#include "engine/kernels/scalar/messages.h"
#include "engine/kernels/testing.h"

// The AVX-512 kernels on any machine: the same templates over emulated vectors, compared with
// scalar in kernels_test.cpp.
namespace serdab::kernels::testing {

const KernelTable& emulated_avx512ifma_kernels() {
  static constexpr KernelTable kTable =
      avx512ifma::make_table<avx512ifma::Emulated>("avx512ifma_emulated", scalar::kMessages);
  return kTable;
}

}  // namespace serdab::kernels::testing

namespace serdab::kernels::avx512ifma {
namespace {

TEST(Emulated, MultiplyAddsFollowTheManual) {
  const auto top = Emulated::set1(~std::uint64_t{0});  // bits above 52 are ignored
  const auto one = Emulated::set1(1);
  // (2^52 − 1)² = (2^52 − 2)·2^52 + 1
  EXPECT_EQ(Emulated::madd52lo(one, top, top), Emulated::set1(2));
  EXPECT_EQ(Emulated::madd52hi(one, top, top), Emulated::set1((std::uint64_t{1} << 52) - 1));
  EXPECT_EQ(Emulated::madd52lo(top, one, one), Emulated::set1(0));
}

TEST(Emulated, PermutationsTakeTheNamedLanes) {
  const std::uint64_t words[] = {10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25};
  const auto a = Emulated::load(words);
  const auto b = Emulated::load(words + 8);
  const Emulated::Vec index = {0, 8, 7, 15, 3, 3, 12, 1};
  const Emulated::Vec both = {10, 18, 17, 25, 13, 13, 22, 11};
  const Emulated::Vec one = {10, 10, 17, 17, 13, 13, 14, 11};
  EXPECT_EQ(Emulated::permute2(a, b, index), both);
  EXPECT_EQ(Emulated::permute(a, index), one);
}

}  // namespace
}  // namespace serdab::kernels::avx512ifma
