#include "engine/kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <tuple>

#include "engine/base/error.h"
#include "engine/kernels/scalar/elementwise.h"
#include "engine/kernels/testing.h"

// Every table gives the words of the scalar one, for every operation.
namespace serdab::kernels {
namespace {

using base::RingKind;
using testing::filled;
using testing::pointers;
using testing::test_words;
using testing::Words;

std::vector<const KernelTable*> tables_under_test() {
  auto tables = available_kernels();
  tables.erase(tables.begin());
  tables.push_back(&testing::emulated_avx512ifma_kernels());
  return tables;
}

std::vector<std::uint64_t> values(const Words& words) { return {words.begin(), words.end()}; }

constexpr std::size_t kCount = 1024;
constexpr unsigned kSizes[] = {20, 26, 34, 44, 49, 50};

Modulus modulus_of(unsigned bits) { return testing::ntt_prime(bits, RingKind::kStandard, 12); }

class Agreement : public ::testing::TestWithParam<std::tuple<const KernelTable*, unsigned>> {
 protected:
  const KernelTable& table() const { return *std::get<0>(GetParam()); }
  const KernelTable& scalar() const { return scalar_kernels(); }
  Modulus q() const {
    // Just below the power of two where 2^bits itself is not allowed or reached.
    return modulus_of(std::get<1>(GetParam()));
  }
  Words words(std::uint64_t seed) const { return test_words(q().value(), kCount, seed); }
};

TEST_P(Agreement, ElementWise) {
  const Words a = words(1), b = words(2), c = words(3), d = words(4);
  const auto check = [&](auto&& call, const char* what) {
    Words expected = c.clone();
    Words actual = c.clone();
    call(scalar(), expected.data());
    call(table(), actual.data());
    EXPECT_EQ(values(actual), values(expected)) << what;
  };
  const Modulus m = q();
  const std::uint64_t* x = a.data();
  const std::uint64_t* y = b.data();
  check([&](auto& k, auto* out) { k.add(m, x, y, out, kCount); }, "add");
  check([&](auto& k, auto* out) { k.subtract(m, x, y, out, kCount); }, "subtract");
  check([&](auto& k, auto* out) { k.negate(m, x, out, kCount); }, "negate");
  check([&](auto& k, auto* out) { k.multiply(m, x, y, out, kCount); }, "multiply");
  check([&](auto& k, auto* out) { k.multiply(m, out, out, out, kCount); }, "multiply in place");
  check([&](auto& k, auto* out) { k.multiply_add(m, x, y, out, kCount); }, "multiply_add");
  for (const std::uint64_t w : {std::uint64_t{0}, std::uint64_t{1}, m.value() / 2,
                                m.value() / 2 + 1, m.value() - 1, d[17]}) {
    check([&](auto& k, auto* out) { k.multiply_scalar(m, x, w, out, kCount); }, "multiply_scalar");
    check([&](auto& k, auto* out) { k.multiply_scalar_add(m, x, w, out, kCount); },
          "multiply_scalar_add");
    check([&](auto& k, auto* out) { k.add_scalar(m, x, w, out, kCount); }, "add_scalar");
  }
}

TEST_P(Agreement, Reductions) {
  const Modulus m = q();
  Words expected(kCount), actual(kCount);
  const Words wide = test_words(std::uint64_t{1} << 52, kCount, 5);
  scalar().reduce(m, wide.data(), expected.data(), kCount);
  table().reduce(m, wide.data(), actual.data(), kCount);
  EXPECT_EQ(values(actual), values(expected));
}

TEST_P(Agreement, Tensors) {
  const Modulus m = q();
  const Words a0 = words(1), a1 = words(2), b0 = words(3), b1 = words(4);
  std::vector<std::uint64_t> results[2][6];
  for (int which = 0; which < 2; ++which) {
    const KernelTable& k = which == 0 ? scalar() : table();
    Words out0(kCount), out1(kCount), out2(kCount);
    k.tensor(m, a0.data(), a1.data(), b0.data(), b1.data(), out0.data(), out1.data(), out2.data(),
             kCount);
    results[which][0] = values(out0);
    results[which][1] = values(out1);
    results[which][2] = values(out2);
    // In place: the outputs are the inputs.
    Words in0 = a0.clone(), in1 = a1.clone();
    k.tensor_square(m, in0.data(), in1.data(), in0.data(), in1.data(), out2.data(), kCount);
    results[which][3] = values(in0);
    results[which][4] = values(in1);
    results[which][5] = values(out2);
  }
  for (int i = 0; i < 6; ++i) EXPECT_EQ(results[0][i], results[1][i]) << i;
}

void check_transforms(const KernelTable& table, unsigned bits, RingKind ring, unsigned log_n) {
  const Modulus q = testing::ntt_prime(bits, ring, log_n);
  const NttTables tables(q, ring, log_n);
  const std::size_t n = tables.n();
  const Words inputs[] = {test_words(q.value(), n, log_n), filled(q.value() - 1, n), filled(0, n),
                          filled(q.value() / 2, n)};
  for (const Words& input : inputs) {
    Words expected = input.clone();
    Words actual = input.clone();
    scalar_kernels().ntt_forward_one(tables, expected.data());
    table.ntt_forward_one(tables, actual.data());
    ASSERT_EQ(values(actual), values(expected)) << "forward " << bits << " " << log_n;
    table.ntt_inverse_one(tables, actual.data());
    ASSERT_EQ(values(actual), values(input)) << "round trip " << bits << " " << log_n;
    expected = input.clone();
    actual = input.clone();
    scalar_kernels().ntt_inverse_one(tables, expected.data());
    table.ntt_inverse_one(tables, actual.data());
    ASSERT_EQ(values(actual), values(expected)) << "inverse " << bits << " " << log_n;
  }
}

void check_transforms(const KernelTable& table, unsigned bits, unsigned from, unsigned to) {
  for (const RingKind ring : {RingKind::kStandard, RingKind::kConjugateInvariant}) {
    for (unsigned log_n = from; log_n <= to && log_n + 4 <= bits; ++log_n) {
      check_transforms(table, bits, ring, log_n);
    }
  }
}

TEST_P(Agreement, Transforms) { check_transforms(table(), std::get<1>(GetParam()), 2, 14); }

/// Every kind of job at once, in one call per table, against the operations that they join.
void check_jobs(const KernelTable& table, unsigned bits, RingKind ring, unsigned log_n) {
  const Modulus q = testing::ntt_prime(bits, ring, log_n);
  const NttTables tables(q, ring, log_n);
  const std::size_t n = tables.n();
  const auto& specification = scalar_kernels();
  const Words input = test_words(q.value(), n, log_n), other = test_words(q.value(), n, 99);
  const std::uint64_t factor = q.value() - 2;
  for (const unsigned source_bits : {22u, 35u, 50u}) {
    const Modulus p = testing::ntt_prime(source_bits, ring, log_n);
    const Words foreign = test_words(p.value(), n, source_bits);
    Words plain(n), reduced(n), difference(n), both(n);
    specification.ntt_forward_one(tables, input.data(), plain.data());
    scalar::reduce_centred(p, q, foreign.data(), reduced.data(), n);
    specification.ntt_forward_one(tables, reduced.data());
    scalar::subtract_multiply_scalar(q, other.data(), plain.data(), factor, difference.data(), n);
    scalar::subtract_multiply_scalar(q, other.data(), reduced.data(), factor, both.data(), n);

    Words out[6], in_place = input.clone(), foreign_in_place = foreign.clone();
    for (Words& words : out) words = Words(n);
    Words over_minuend = other.clone(), over_minuend_too = other.clone();
    const std::vector<NttJob> jobs = {
        {.in = input.data(), .out = out[0].data()},
        {.in = in_place.data(), .out = in_place.data()},
        {.in = foreign.data(), .out = out[1].data(), .source = &p},
        {.in = foreign_in_place.data(), .out = foreign_in_place.data(), .source = &p},
        {.in = input.data(), .out = out[2].data(), .minuend = other.data(), .factor = factor},
        {.in = foreign.data(),
         .out = over_minuend.data(),
         .source = &p,
         .minuend = over_minuend.data(),
         .factor = factor},
        {.in = input.data(), .out = out[3].data()},
        {.in = input.data(),
         .out = over_minuend_too.data(),
         .minuend = over_minuend_too.data(),
         .factor = factor},
    };
    table.ntt_forward(tables, jobs);
    EXPECT_EQ(values(out[0]), values(plain)) << bits << " " << log_n;
    EXPECT_EQ(values(in_place), values(plain)) << bits << " " << log_n;
    EXPECT_EQ(values(out[1]), values(reduced)) << bits << " " << log_n;
    EXPECT_EQ(values(foreign_in_place), values(reduced)) << bits << " " << log_n;
    EXPECT_EQ(values(out[2]), values(difference)) << bits << " " << log_n;
    EXPECT_EQ(values(over_minuend), values(both)) << bits << " " << log_n;
    EXPECT_EQ(values(over_minuend_too), values(difference)) << bits << " " << log_n;
    EXPECT_EQ(values(out[3]), values(plain)) << bits << " " << log_n;

    specification.ntt_inverse_one(tables, plain.data(), reduced.data());
    EXPECT_EQ(values(reduced), values(input));
    const std::vector<NttJob> back = {{.in = plain.data(), .out = out[4].data()},
                                      {.in = in_place.data(), .out = in_place.data()},
                                      {.in = plain.data(), .out = out[5].data()}};
    table.ntt_inverse(tables, back);
    EXPECT_EQ(values(out[4]), values(input)) << bits << " " << log_n;
    EXPECT_EQ(values(in_place), values(input)) << bits << " " << log_n;
    EXPECT_EQ(values(out[5]), values(input)) << bits << " " << log_n;
  }
  table.ntt_forward(tables, {});
  table.ntt_inverse(tables, {});
}

TEST_P(Agreement, TransformJobs) {
  for (const RingKind ring : {RingKind::kStandard, RingKind::kConjugateInvariant}) {
    for (const unsigned log_n : {4u, 7u, 8u, 9u, 10u, 13u}) {
      if (log_n + 4 <= std::get<1>(GetParam())) {
        check_jobs(table(), std::get<1>(GetParam()), ring, log_n);
      }
    }
  }
}

class LongAgreement : public Agreement {};
TEST_P(LongAgreement, Transforms) { check_transforms(table(), std::get<1>(GetParam()), 15, 17); }

std::string name_of(const ::testing::TestParamInfo<Agreement::ParamType>& param) {
  return std::string(std::get<0>(param.param)->name) + "_" +
         std::to_string(std::get<1>(param.param)) + "bit";
}
const auto kParameters =
    ::testing::Combine(::testing::ValuesIn(tables_under_test()), ::testing::ValuesIn(kSizes));
INSTANTIATE_TEST_SUITE_P(Tables, Agreement, kParameters, name_of);
INSTANTIATE_TEST_SUITE_P(Tables, LongAgreement, kParameters, name_of);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(Agreement);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(LongAgreement);

TEST(Selection, ScalarIsAlwaysThereAndFirst) {
  ASSERT_FALSE(available_kernels().empty());
  EXPECT_EQ(available_kernels().front()->name, "scalar");
  EXPECT_EQ(select_kernels("scalar").name, "scalar");
  EXPECT_EQ(select_kernels("").name, available_kernels().back()->name);
}

TEST(Selection, TheVariableForcesATable) {
  // kernels() chooses once; no other test of this program calls it.
  ASSERT_EQ(setenv("SERDAB_KERNELS", "scalar", 1), 0);
  EXPECT_EQ(kernels().name, "scalar");
  ASSERT_EQ(setenv("SERDAB_KERNELS", "neon", 1), 0);
  EXPECT_EQ(kernels().name, "scalar");
}

TEST(Selection, UnknownNameListsWhatThisMachineRuns) {
  try {
    select_kernels("neon");
    FAIL();
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kUnsupported);
    const std::string message = error.what();
    EXPECT_NE(message.find("SERDAB_KERNELS=neon"), std::string::npos) << message;
    EXPECT_NE(message.find("scalar"), std::string::npos) << message;
  }
}

}  // namespace
}  // namespace serdab::kernels
