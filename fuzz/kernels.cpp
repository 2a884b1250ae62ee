// Every kernel of every instruction set this machine runs, on operands that the fuzzer chooses,
// against the scalar ones: the same bits.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/arith/primes.h"
#include "engine/base/buffer.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/automorphism.h"

namespace {

using namespace serdab;
using kernels::KernelTable;
using kernels::Modulus;
using Words = base::Buffer<std::uint64_t>;

/// Takes choices from the input; zeros when it is used up.
class Choices {
 public:
  Choices(const std::uint8_t* data, std::size_t size) : data_(data), size_(size) {}
  std::uint64_t below(std::uint64_t bound) {
    std::uint64_t value = 0;
    for (int i = 0; i < 4; ++i) value = value << 8 | (at_ < size_ ? data_[at_++] : 0);
    return value % bound;
  }
  /// Residues: edges where the fuzzer says so, the rest from a seed of its choice.
  Words residues(std::uint64_t bound, std::size_t n) {
    std::mt19937_64 random(below(1u << 31));
    const std::uint64_t edges[] = {0, bound - 1, bound / 2, bound / 2 + 1, 1};
    const std::uint64_t kind = below(4);
    Words words(n);
    for (auto& word : words) {
      word = kind == 0 || (kind == 1 && random() % 2 == 0) ? edges[random() % 5] % bound
                                                           : random() % bound;
    }
    if (kind == 3) std::fill(words.begin(), words.end(), edges[below(5)] % bound);
    return words;
  }

 private:
  const std::uint8_t* data_;
  std::size_t size_;
  std::size_t at_ = 0;
};

[[noreturn]] void differ(const KernelTable& table, const char* what) {
  std::fprintf(stderr, "%s: %s differs from the scalar kernel\n", std::string(table.name).c_str(),
               what);
  std::abort();
}

void compare(const KernelTable& table, const char* what, const Words& a, const Words& b) {
  if (std::memcmp(a.data(), b.data(), a.size() * sizeof(std::uint64_t)) != 0) differ(table, what);
}

const kernels::NttTables& tables_of(base::RingKind ring, unsigned log_n, unsigned bits,
                                    std::size_t which) {
  static std::map<std::tuple<base::RingKind, unsigned, unsigned, std::size_t>,
                  std::unique_ptr<kernels::NttTables>>
      made;
  auto& entry = made[{ring, log_n, bits, which}];
  if (!entry) {
    const std::uint64_t congruence = std::uint64_t{ring == base::RingKind::kStandard ? 2u : 4u}
                                     << log_n;
    entry = std::make_unique<kernels::NttTables>(
        Modulus(arith::find_ntt_primes(bits - 0.05, congruence, which + 1).back()), ring, log_n);
  }
  return *entry;
}

void transforms(Choices& choices, const KernelTable& scalar, const KernelTable& table) {
  const auto ring =
      choices.below(2) == 0 ? base::RingKind::kStandard : base::RingKind::kConjugateInvariant;
  const auto log_n = static_cast<unsigned>(4 + choices.below(9));
  const auto bits = static_cast<unsigned>(25 + choices.below(26));
  const auto& tables = tables_of(ring, log_n, bits, 0);
  const auto& other = tables_of(ring, log_n, bits, 1);
  const std::uint64_t q = tables.modulus().value();
  const bool foreign = choices.below(2) == 1, divide = choices.below(2) == 1;
  const std::uint64_t factor = choices.below(std::uint64_t{1} << 32) % q;
  for (const bool inverse : {false, true}) {
    const std::size_t count = 1 + choices.below(3);
    std::vector<Words> in, minuends, expected, got;
    std::vector<kernels::NttJob> jobs_expected, jobs_got;
    for (std::size_t i = 0; i < count; ++i) {
      const bool from_other = foreign && !inverse;
      in.push_back(choices.residues(from_other ? other.modulus().value() : q, tables.n()));
      minuends.push_back(choices.residues(q, tables.n()));
      expected.emplace_back(tables.n());
      got.emplace_back(tables.n());
      kernels::NttJob job{.in = in.back().data()};
      if (from_other) job.source = &other.modulus();
      if (divide && !inverse) {
        job.minuend = minuends.back().data();
        job.factor = factor;
      }
      job.out = expected.back().data();
      jobs_expected.push_back(job);
      job.out = got.back().data();
      jobs_got.push_back(job);
    }
    (inverse ? scalar.ntt_inverse : scalar.ntt_forward)(tables, jobs_expected);
    (inverse ? table.ntt_inverse : table.ntt_forward)(tables, jobs_got);
    for (std::size_t i = 0; i < count; ++i) {
      compare(table, inverse ? "ntt_inverse" : "ntt_forward", expected[i], got[i]);
    }
  }
}

void element_wise(Choices& choices, const KernelTable& scalar, const KernelTable& table) {
  const std::size_t n = 16 * (1 + choices.below(8));
  const Modulus q =
      tables_of(base::RingKind::kStandard, 5, static_cast<unsigned>(20 + choices.below(31)), 0)
          .modulus();
  const Words a = choices.residues(q.value(), n), b = choices.residues(q.value(), n);
  const std::uint64_t w = choices.below(std::uint64_t{1} << 32) % q.value();
  const auto both = [&](const char* what, auto&& call) {
    Words expected = b.clone(), got = b.clone();
    call(scalar, expected.data());
    call(table, got.data());
    compare(table, what, expected, got);
  };
  both("add", [&](const KernelTable& k, std::uint64_t* out) { k.add(q, a.data(), out, out, n); });
  both("subtract",
       [&](const KernelTable& k, std::uint64_t* out) { k.subtract(q, a.data(), out, out, n); });
  both("negate", [&](const KernelTable& k, std::uint64_t* out) { k.negate(q, out, out, n); });
  both("multiply",
       [&](const KernelTable& k, std::uint64_t* out) { k.multiply(q, a.data(), out, out, n); });
  both("multiply_add", [&](const KernelTable& k, std::uint64_t* out) {
    k.multiply_add(q, a.data(), b.data(), out, n);
  });
  both("multiply_scalar",
       [&](const KernelTable& k, std::uint64_t* out) { k.multiply_scalar(q, out, w, out, n); });
  both("multiply_scalar_add", [&](const KernelTable& k, std::uint64_t* out) {
    k.multiply_scalar_add(q, a.data(), w, out, n);
  });
  both("add_scalar",
       [&](const KernelTable& k, std::uint64_t* out) { k.add_scalar(q, out, w, out, n); });
}

void sums(Choices& choices, const KernelTable& scalar, const KernelTable& table) {
  const std::size_t n = 16 * (1 + choices.below(8)), digits = 1 + choices.below(64);
  const Modulus q =
      tables_of(base::RingKind::kStandard, 5, static_cast<unsigned>(20 + choices.below(31)), 0)
          .modulus();
  std::vector<Words> arrays;
  std::vector<const std::uint64_t*> d, k0, k1;
  for (std::size_t j = 0; j < digits; ++j) {
    for (auto* list : {&d, &k0, &k1}) {
      arrays.push_back(choices.residues(q.value(), n));
      list->push_back(arrays.back().data());
    }
  }
  const Words addend = choices.residues(q.value(), n);
  kernels::InnerProduct task{.digits = digits, .d = d.data(), .k0 = k0.data(), .k1 = k1.data()};
  if (choices.below(2) == 1) task.addend0 = addend.data();
  if (choices.below(2) == 1) task.addend1 = addend.data();
  task.w = choices.below(std::uint64_t{1} << 32) % q.value();
  Words expected0(n), expected1(n), got0(n), got1(n);
  task.out0 = expected0.data();
  task.out1 = expected1.data();
  scalar.inner_product(q, task, n);
  task.out0 = got0.data();
  task.out1 = got1.data();
  table.inner_product(q, task, n);
  compare(table, "inner_product", expected0, got0);
  compare(table, "inner_product", expected1, got1);
}

void gemm(Choices& choices, const KernelTable& scalar, const KernelTable& table) {
  const std::size_t n = 16 * (1 + choices.below(6));
  const Modulus q =
      tables_of(base::RingKind::kStandard, 5, static_cast<unsigned>(20 + choices.below(31)), 0)
          .modulus();
  const std::size_t inputs = 1 + choices.below(60);
  std::vector<Words> arrays;
  std::vector<const std::uint64_t*> in;
  for (std::size_t i = 0; i < inputs; ++i) {
    arrays.push_back(choices.residues(q.value(), n));
    in.push_back(arrays.back().data());
  }
  struct Block {
    std::vector<std::int32_t> weights;
    std::vector<std::uint32_t> columns;
    std::size_t rows;
  };
  std::vector<Block> blocks(1 + choices.below(3));
  std::mt19937_64 random(choices.below(1u << 31));
  const std::int32_t limit = std::int32_t{1} << (1 + choices.below(20));
  std::size_t row_count = 0;
  for (Block& block : blocks) {
    block.rows = 1 + choices.below(9);
    row_count += block.rows;
    const std::size_t cols = 1 + choices.below(70);
    for (std::size_t k = 0; k < cols; ++k) {
      block.columns.push_back(static_cast<std::uint32_t>(random() % inputs));
    }
    const bool extreme = choices.below(3) == 0;
    for (std::size_t i = 0; i < block.rows * cols; ++i) {
      const auto w = static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(limit));
      block.weights.push_back(extreme ? (random() % 2 == 0 ? limit - 1 : 1 - limit)
                                      : (random() % 2 == 0 ? w : -w));
    }
  }
  const Words start = choices.residues(q.value(), n);
  const std::uint64_t bias = choices.below(std::uint64_t{1} << 32) % q.value();
  const std::uint64_t accumulate = choices.below(16);
  const auto run = [&](const KernelTable& k) {
    std::vector<Words> out;
    for (std::size_t r = 0; r < row_count; ++r) out.push_back(start.clone());
    std::vector<std::vector<kernels::GemmRow>> rows;
    std::vector<kernels::GemmBlock> tasks;
    std::size_t row = 0;
    for (const Block& block : blocks) {
      auto& targets = rows.emplace_back();
      for (std::size_t r = 0; r < block.rows; ++r, ++row) {
        targets.push_back({out[row].data(), bias, (accumulate >> (row % 4) & 1) != 0});
      }
      tasks.push_back({block.rows, block.columns.size(), block.weights.data(), block.columns.data(),
                       targets.data()});
    }
    k.gemm(q, {inputs, in.data(), tasks.size(), tasks.data()}, n);
    return out;
  };
  const auto expected = run(scalar), got = run(table);
  for (std::size_t r = 0; r < row_count; ++r) compare(table, "gemm", expected[r], got[r]);
}

void permutations(Choices& choices, const KernelTable& scalar, const KernelTable& table) {
  const auto kind =
      choices.below(2) == 0 ? base::RingKind::kStandard : base::RingKind::kConjugateInvariant;
  const auto log_n = static_cast<unsigned>(4 + choices.below(7));
  const std::size_t n = std::size_t{1} << log_n;
  const std::uint64_t g = 2 * choices.below(ring::exponent_modulus(kind, log_n) / 2) + 1;
  const ring::Automorphism automorphism(kind, log_n, base::GaloisElement{g});
  const Modulus q = tables_of(base::RingKind::kStandard, 5, 50, 0).modulus();
  const Words a = choices.residues(q.value(), n), b = choices.residues(q.value(), n);
  Words expected(n), got(n);
  scalar.permute(automorphism.moves(), a.data(), expected.data(), n);
  table.permute(automorphism.moves(), a.data(), got.data(), n);
  compare(table, "permute", expected, got);
  scalar.permute_add(q, automorphism.moves(), a.data(), b.data(), expected.data(), n);
  table.permute_add(q, automorphism.moves(), a.data(), b.data(), got.data(), n);
  compare(table, "permute_add", expected, got);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto tables = kernels::available_kernels();
  Choices first(data, size);
  const std::uint64_t what = first.below(5);
  for (std::size_t t = 1; t < tables.size(); ++t) {
    Choices choices(data, size);
    choices.below(5);
    constexpr void (*kKinds[])(Choices&, const KernelTable&, const KernelTable&) = {
        transforms, element_wise, sums, gemm, permutations};
    kKinds[what](choices, *tables.front(), *tables[t]);
  }
  return 0;
}
