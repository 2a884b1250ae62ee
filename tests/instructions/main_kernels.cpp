// Runs each of the main kernels once on fixed data, telling callgrind where one ends and the next
// begins; check.py counts their instructions. Without valgrind it computes and says nothing.
#include <valgrind/callgrind.h>

#include <cstdio>
#include <random>

#include "bench/dense_gemm.h"
#include "engine/base/threads.h"
#include "engine/ckks/context.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/key_switch.h"
#include "engine/ckks_params/parameters.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/divide.h"

namespace {

using namespace serdab;
using cli::Words;

constexpr unsigned kLogN = 13;
constexpr std::size_t kN = std::size_t{1} << kLogN;

std::vector<Words> random_arrays(std::size_t count, const kernels::Modulus& q) {
  std::vector<Words> arrays;
  for (std::size_t i = 0; i < count; ++i) arrays.push_back(cli::random_words(q, kN, i));
  return arrays;
}

/// The second call counts: the first fills tables, pools and lazily bound symbols.
template <typename F>
void count(const char* name, F&& f) {
  f();
  CALLGRIND_ZERO_STATS;
  f();
  CALLGRIND_DUMP_STATS_AT(name);
}

void transforms(base::RingKind ring, const char* forward, const char* inverse) {
  const kernels::Modulus q(ckks_params::choose_primes(ring, kLogN, {49.5}).front());
  const kernels::NttTables tables(q, ring, kLogN);
  auto a = random_arrays(1, q);
  count(forward, [&] { kernels::kernels().ntt_forward_one(tables, a[0].data()); });
  count(inverse, [&] { kernels::kernels().ntt_inverse_one(tables, a[0].data()); });
}

void gemm(std::size_t rows, std::size_t cols, double bits, const char* name) {
  const kernels::Modulus q(
      ckks_params::choose_primes(base::RingKind::kStandard, kLogN, {bits}).front());
  const cli::DenseGemm dense(q, rows, cols, kN);
  count(name, [&] { dense.run(); });
}

void sums() {
  const kernels::Modulus q(
      ckks_params::choose_primes(base::RingKind::kStandard, kLogN, {49.5}).front());
  constexpr std::size_t kDigits = 6;
  const auto words = random_arrays(3 * kDigits, q);
  std::vector<const std::uint64_t*> d, k0, k1;
  for (std::size_t j = 0; j < kDigits; ++j) {
    d.push_back(words[j].data());
    k0.push_back(words[kDigits + j].data());
    k1.push_back(words[2 * kDigits + j].data());
  }
  Words out0(kN), out1(kN);
  count("key-switching sums", [&] {
    kernels::kernels().inner_product(q,
                                     {.digits = kDigits,
                                      .d = d.data(),
                                      .k0 = k0.data(),
                                      .k1 = k1.data(),
                                      .out0 = out0.data(),
                                      .out1 = out1.data()},
                                     kN);
  });
}

/// Whole operations: what lies between the kernels counts too.
void operations() {
  ckks_params::ParametersLiteral literal;
  literal.log_n = kLogN;
  literal.q = ckks_params::choose_primes(literal.ring, kLogN, {35, 35, 35, 35});
  literal.p = ckks_params::choose_primes(literal.ring, kLogN, {36, 36}, literal.q);
  literal.digit_primes = 2;
  const ckks::Context context(ckks_params::Parameters::create(literal));
  const base::Level top = context.max_level();
  const auto random_poly = [&](const ring::RnsBasis& basis) {
    ckks::Poly poly(basis.n(), basis.size());
    std::mt19937_64 random(5);
    for (std::size_t i = 0; i < basis.size(); ++i) {
      for (std::size_t c = 0; c < basis.n(); ++c) {
        poly.limb(i)[c] = random() % basis.modulus(i).value();
      }
    }
    return poly;
  };
  std::vector<ckks::Poly> b, a;
  for (int digit = 0; digit < 2; ++digit) {
    b.push_back(random_poly(context.basis_qp(top)));
    a.push_back(random_poly(context.basis_qp(top)));
  }
  const ckks::SwitchingKey key(context,
                               ckks::SwitchingKeyInfo{context.parameters().id(), {}, top, {0}},
                               std::move(b), std::move(a));
  const ckks::Poly poly = random_poly(context.basis(top));
  count("key switch", [&] { ckks::switch_key(context, poly, top, key); });
  ckks::Poly dropped;
  count("rescale", [&] {
    dropped = random_poly(context.basis(top));
    CALLGRIND_ZERO_STATS;
    ckks::Poly* const one[] = {&dropped};
    ring::divide_by_last(context.basis(top), context.rescale_converter(top, 1), one);
  });
  const ckks::Encoder encoder(context);
  const std::vector<double> message(encoder.slots(), 0.25);
  count("encode", [&] { encoder.encode(message, top, {0x1p30}); });
}

}  // namespace

int main() {
  // One thread: instructions are then the same every time.
  const base::ThreadLimit limit(1);
  transforms(base::RingKind::kStandard, "NTT forward", "NTT inverse");
  transforms(base::RingKind::kConjugateInvariant, "NTT forward, real ring",
             "NTT inverse, real ring");
  gemm(5, 25, 34, "GEMM 5 x 25, 34-bit prime");
  gemm(50, 125, 34, "GEMM 50 x 125, 34-bit prime");
  gemm(50, 125, 49.5, "GEMM 50 x 125, 50-bit prime");
  sums();
  operations();
  std::puts("done");
}
