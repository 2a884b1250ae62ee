#include <fmt/format.h>

#include <memory>

#include "dense_gemm.h"
#include "engine/ckks_params/parameters.h"
#include "engine/kernels/kernels.h"
#include "peers.h"
#include "rows.h"
#include "timing.h"

namespace serdab::cli {
namespace {

using base::RingKind;
using kernels::Modulus;
using kernels::NttTables;

class KernelRows {
 public:
  explicit KernelRows(const BenchSetting& setting) : setting_(setting) {}

  std::vector<BenchRow> run() {
    for (unsigned log_n = 13; log_n <= std::min(16u, setting_.max_log_n); ++log_n) {
      transforms(log_n, RingKind::kStandard);
      transforms_in_turn(log_n);
    }
    transforms(14, RingKind::kConjugateInvariant);
    for (const double bits : {49.5, 34.0}) {
      for (const std::size_t cols : {25u, 125u, 800u}) gemm(50, cols, bits);
      gemm(5, 25, bits);
    }
    for (const std::size_t digits : {3u, 8u}) inner_product(digits);
    change_basis(4, 12);
    multiply();
    return std::move(rows_);
  }

 private:
  template <typename F>
  void add(BenchRow row, double floor_cycles, F&& f) {
    row.seconds = best_seconds(f);
    row.cycles = row.seconds * setting_.clock_hz;
    row.floor = floor_cycles;
    rows_.push_back(row);
    setting_.report(rows_.back());
  }

  static Modulus prime(RingKind ring, unsigned log_n, double bits) {
    return Modulus(ckks_params::choose_primes(ring, log_n, {bits}).front());
  }
  static double butterflies(unsigned log_n) {
    return static_cast<double>((std::size_t{1} << log_n) / 2 * log_n);
  }

  void transforms(unsigned log_n, RingKind ring) {
    const NttTables tables(prime(ring, log_n, 49.5), ring, log_n);
    Words a = random_words(tables.modulus(), tables.n(), 1);
    for (const bool inverse : {false, true}) {
      BenchRow row;
      row.work = std::string("NTT ") + (inverse ? "inverse" : "forward") +
                 (ring == RingKind::kStandard ? "" : ", real ring");
      row.size = fmt::format("N=2^{}", log_n);
      row.log_n = log_n;
      row.unit = "8-lane butterfly";
      row.units = butterflies(log_n) / 8;
      row.peer_ms = peer_milliseconds(row.work, log_n, 0);
      add(row, row.units * setting_.rates.butterfly, [&] {
        inverse ? kernels::kernels().ntt_inverse_one(tables, a.data())
                : kernels::kernels().ntt_forward_one(tables, a.data());
      });
    }
  }

  void transforms_in_turn(unsigned log_n) {
    constexpr std::size_t kPrimes = 32;
    std::vector<std::unique_ptr<NttTables>> tables;
    for (const std::uint64_t q : ckks_params::choose_primes(RingKind::kStandard, log_n,
                                                            std::vector<double>(kPrimes, 49.5))) {
      tables.push_back(std::make_unique<NttTables>(Modulus(q), RingKind::kStandard, log_n));
    }
    Words a =
        random_words(prime(RingKind::kStandard, log_n, 20 + log_n), std::size_t{1} << log_n, 1);
    for (const bool inverse : {false, true}) {
      BenchRow row;
      row.work = std::string("NTT ") + (inverse ? "inverse" : "forward") + ", 32 primes in turn";
      row.size = fmt::format("N=2^{}", log_n);
      row.log_n = log_n;
      row.unit = "8-lane butterfly";
      row.units = butterflies(log_n) / 8;
      row.peer_ms = peer_milliseconds(row.work, log_n, 0);
      row.seconds = best_seconds([&] {
                      for (const auto& t : tables) {
                        // The words were reduced by the prime before; primes of one size are near
                        // enough for them to be residues of the next.
                        kernels::kernels().reduce(t->modulus(), a.data(), a.data(), a.size());
                        inverse ? kernels::kernels().ntt_inverse_one(*t, a.data())
                                : kernels::kernels().ntt_forward_one(*t, a.data());
                      }
                    }) /
                    kPrimes;
      row.cycles = row.seconds * setting_.clock_hz;
      row.floor = row.units * setting_.rates.butterfly;
      rows_.push_back(row);
      setting_.report(row);
    }
  }

  void gemm(std::size_t row_count, std::size_t cols, double bits) {
    constexpr unsigned kLogN = 13;
    constexpr std::size_t kN = std::size_t{1} << kLogN;
    const DenseGemm dense(prime(RingKind::kStandard, kLogN, bits), row_count, cols, kN);
    BenchRow row;
    row.work = "GEMM";
    row.size = fmt::format("{} x {}, {:.0f}-bit prime", row_count, cols, bits);
    row.unit = "8-lane product";
    row.units = static_cast<double>(row_count * cols * kN) / 8;
    add(row, row.units * setting_.rates.gemm_product, [&] { dense.run(); });
  }

  void inner_product(std::size_t digits) {
    constexpr unsigned kLogN = 13;
    constexpr std::size_t kN = std::size_t{1} << kLogN;
    const Modulus q = prime(RingKind::kStandard, kLogN, 49.5);
    std::vector<Words> words;
    for (std::size_t j = 0; j < 3 * digits; ++j) words.push_back(random_words(q, kN, j));
    std::vector<const std::uint64_t*> d, k0, k1;
    for (std::size_t j = 0; j < digits; ++j) {
      d.push_back(words[j].data());
      k0.push_back(words[digits + j].data());
      k1.push_back(words[2 * digits + j].data());
    }
    Words out0(kN), out1(kN);
    const kernels::InnerProduct sums{.digits = digits,
                                     .d = d.data(),
                                     .k0 = k0.data(),
                                     .k1 = k1.data(),
                                     .out0 = out0.data(),
                                     .out1 = out1.data()};
    BenchRow row;
    row.work = "key-switching sums";
    row.size = fmt::format("{} digits", digits);
    row.unit = "8-lane product";
    row.units = static_cast<double>(2 * digits * kN) / 8;
    add(row, row.units * setting_.rates.product,
        [&] { kernels::kernels().inner_product(q, sums, kN); });
  }

  void change_basis(std::size_t sources, std::size_t targets) {
    constexpr unsigned kLogN = 13;
    constexpr std::size_t kN = std::size_t{1} << kLogN;
    std::vector<Modulus> primes;
    for (const std::uint64_t q : ckks_params::choose_primes(
             RingKind::kStandard, kLogN, std::vector<double>(sources + targets, 49.5))) {
      primes.emplace_back(q);
    }
    // Any constants cost the same; what they compute is tested elsewhere.
    std::vector<Words> in, out;
    std::vector<const std::uint64_t*> inputs;
    std::vector<const Modulus*> moduli;
    for (std::size_t i = 0; i < sources; ++i) {
      in.push_back(random_words(primes[i], kN, i));
      moduli.push_back(&primes[i]);
    }
    for (const Words& words : in) inputs.push_back(words.data());
    const std::vector<std::uint64_t> inverses(sources * sources, 12345), shifts(sources, 54321);
    const std::vector<std::uint64_t> factors(sources, 98765);
    std::vector<kernels::BasisTarget> target;
    for (std::size_t t = 0; t < targets; ++t) {
      out.emplace_back(kN);
      target.push_back({&primes[sources + t], factors.data(), 77, out.back().data()});
    }
    const kernels::BasisChange change{.sources = sources,
                                      .moduli = moduli.data(),
                                      .in = inputs.data(),
                                      .inverses = inverses.data(),
                                      .shifts = shifts.data(),
                                      .targets = targets,
                                      .target = target.data()};
    BenchRow row;
    row.work = "base conversion";
    row.size = fmt::format("{} to {} primes", sources, targets);
    row.unit = "8-lane product";
    row.units = static_cast<double>(sources * targets * kN) / 8;
    add(row, row.units * setting_.rates.product,
        [&] { kernels::kernels().change_basis(change, kN); });
  }

  void multiply() {
    constexpr unsigned kLogN = 13;
    constexpr std::size_t kN = std::size_t{1} << kLogN;
    const Modulus q = prime(RingKind::kStandard, kLogN, 49.5);
    const Words a = random_words(q, kN, 1), b = random_words(q, kN, 2);
    Words out(kN);
    BenchRow row;
    row.work = "element-wise product";
    row.size = "N=2^13";
    row.unit = "8-lane product";
    row.units = static_cast<double>(kN) / 8;
    add(row, row.units * setting_.rates.product,
        [&] { kernels::kernels().multiply(q, a.data(), b.data(), out.data(), kN); });
  }

  const BenchSetting& setting_;
  std::vector<BenchRow> rows_;
};

}  // namespace

std::vector<BenchRow> kernel_rows(const BenchSetting& setting) { return KernelRows(setting).run(); }

double memory_bandwidth() {
  constexpr std::size_t kBytes = std::size_t{256} << 20;
  base::Buffer<std::uint64_t> words = base::Buffer<std::uint64_t>::zeroed(kBytes / 8);
  std::uint64_t sum = 0;
  const double seconds = best_seconds([&] {
    std::uint64_t lanes[8] = {};
    for (std::size_t i = 0; i < words.size(); i += 8) {
      for (std::size_t l = 0; l < 8; ++l) lanes[l] += words[i + l];
    }
    for (const std::uint64_t lane : lanes) sum += lane;
    asm volatile("" : "+r"(sum));
  });
  return static_cast<double>(kBytes) / seconds;
}

}  // namespace serdab::cli
