#include "calibrate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>

#include "dense_gemm.h"
#include "engine/base/threads.h"
#include "engine/ckks_params/parameters.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/automorphism.h"
#include "engine/sampling/uniform.h"
#include "machine_profile.h"
#include "progress.h"
#include "service/wire/bit_packing.h"
#include "timing.h"

namespace serdab::cli {
namespace {

using base::RingKind;
using kernels::Modulus;
using kernels::NttTables;

// The ring that programs are usually compiled to.
constexpr RingKind kRing = RingKind::kConjugateInvariant;
constexpr unsigned kLogN = 14;
constexpr std::size_t kN = std::size_t{1} << kLogN;
constexpr double kNano = 1e9;

std::vector<Modulus> primes(std::size_t count, double bits) {
  std::vector<Modulus> result;
  for (const std::uint64_t q :
       ckks_params::choose_primes(kRing, kLogN, std::vector<double>(count, bits))) {
    result.emplace_back(q);
  }
  return result;
}

std::vector<Words> random_arrays(std::size_t count, const Modulus& q) {
  std::vector<Words> arrays;
  for (std::size_t i = 0; i < count; ++i) arrays.push_back(random_words(q, kN, i));
  return arrays;
}

// Transforms of several primes in turn, back and forth, as key switching does them.
class Transforms {
 public:
  Transforms() {
    const auto moduli = primes(kPrimes, 40);
    for (const Modulus& q : moduli) {
      tables_.push_back(std::make_unique<NttTables>(q, kRing, kLogN));
    }
    // Residues of the smallest prime are residues of all.
    in_ = random_arrays(kPrimes, *std::min_element(moduli.begin(), moduli.end(),
                                                   [](const Modulus& a, const Modulus& b) {
                                                     return a.value() < b.value();
                                                   }));
    for (std::size_t i = 0; i < kPrimes; ++i) out_.emplace_back(kN);
  }
  void run(std::size_t i) {
    kernels::kernels().ntt_inverse_one(*tables_[i], in_[i].data(), out_[i].data());
    kernels::kernels().ntt_forward_one(*tables_[i], out_[i].data());
  }
  static constexpr std::size_t kPrimes = 12;
  static constexpr double kButterflies = 2.0 * kPrimes * (kN / 2) * kLogN;

 private:
  std::vector<std::unique_ptr<NttTables>> tables_;
  std::vector<Words> in_, out_;
};

// Seconds of one GEMM on 64 arrays that lie in memory, not in cache.
double gemm_seconds(std::size_t rows, double bits) {
  const DenseGemm gemm(primes(1, bits).front(), rows, 64, kN);
  return best_seconds([&] { gemm.run(); });
}

void measure_gemm(ckks_params::MachineProfile& profile) {
  // Time = products · mac + (inputs + outputs) · word, for two numbers of rows.
  constexpr double kFew = 4, kMany = 48, kCols = 64;
  const double n = kN;
  const double few = gemm_seconds(static_cast<std::size_t>(kFew), 36);
  const double many = gemm_seconds(static_cast<std::size_t>(kMany), 36);
  const double wide = gemm_seconds(static_cast<std::size_t>(kMany), 49.5);
  const double determinant = kFew * kCols * (kCols + kMany) - kMany * kCols * (kCols + kFew);
  const double mac = (few * (kCols + kMany) - many * (kCols + kFew)) / determinant / n;
  const double word = (kFew * kCols * many - kMany * kCols * few) / determinant / n;
  profile.mac_ns = std::max(mac, 0.0) * kNano;
  profile.gemm_word_ns = std::max(word, 0.0) * kNano;
  profile.wide_mac_ns =
      std::max((wide / n - (kCols + kMany) * word) / (kMany * kCols), mac) * kNano;
}

void measure_products(ckks_params::MachineProfile& profile) {
  constexpr std::size_t kDigits = 6, kLimbs = 8;
  const Modulus q = primes(1, 49.5).front();
  const std::vector<Words> words = random_arrays(3 * kDigits * kLimbs, q);
  Words out0(kN), out1(kN);
  const double seconds = best_seconds([&] {
    for (std::size_t limb = 0; limb < kLimbs; ++limb) {
      const std::uint64_t* d[kDigits];
      const std::uint64_t* k0[kDigits];
      const std::uint64_t* k1[kDigits];
      for (std::size_t j = 0; j < kDigits; ++j) {
        d[j] = words[(limb * kDigits + j) * 3].data();
        k0[j] = words[(limb * kDigits + j) * 3 + 1].data();
        k1[j] = words[(limb * kDigits + j) * 3 + 2].data();
      }
      kernels::kernels().inner_product(
          q,
          {.digits = kDigits, .d = d, .k0 = k0, .k1 = k1, .out0 = out0.data(), .out1 = out1.data()},
          kN);
    }
  });
  profile.multiplication_ns = seconds / (2.0 * kDigits * kLimbs * kN) * kNano;
}

// Sums of eight digits with keys, all of four-byte words, as packed programs have them: with the
// keys of one prime over and over, and with more than the caches hold.
void measure_short_products(ckks_params::MachineProfile& profile) {
  static_assert(ckks_params::kShortPrimeBits == kernels::kShortBits);
  constexpr std::size_t kDigits = 8, kPackedN = std::size_t{1} << 13, kLimbs = 160;
  constexpr std::size_t kWordsOfLimb = 2 * kDigits * kPackedN;
  const Modulus q = primes(1, 24).front();
  base::Buffer<std::uint32_t> keys(kLimbs * kWordsOfLimb);  // 80 MiB
  base::Buffer<std::uint32_t> digits(kDigits * kPackedN);
  const Words some = random_words(q, kPackedN, 1);
  const auto fill = [&](base::Buffer<std::uint32_t>& words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      words[i] = static_cast<std::uint32_t>(some[i % kPackedN]);
    }
  };
  fill(keys);
  fill(digits);
  Words out0(kPackedN), out1(kPackedN);
  const auto multiply = [&](std::size_t limb) {
    const std::uint32_t* d[kDigits];
    const std::uint32_t* k0[kDigits];
    const std::uint32_t* k1[kDigits];
    for (std::size_t j = 0; j < kDigits; ++j) {
      d[j] = digits.data() + j * kPackedN;
      k0[j] = keys.data() + limb * kWordsOfLimb + 2 * j * kPackedN;
      k1[j] = k0[j] + kPackedN;
    }
    kernels::kernels().inner_product(q,
                                     {.digits = kDigits,
                                      .d_short = d,
                                      .k0_short = k0,
                                      .k1_short = k1,
                                      .out0 = out0.data(),
                                      .out1 = out1.data()},
                                     kPackedN);
  };
  const double cached = best_seconds([&] { multiply(0); });
  const auto all = [&] {
    for (std::size_t limb = 0; limb < kLimbs; ++limb) multiply(limb);
  };
  const double streamed = best_seconds(all) / kLimbs;
  profile.short_product_ns = cached / kWordsOfLimb * kNano;
  profile.streamed_byte_ns =
      std::max(0.0, streamed - cached) / (kWordsOfLimb * sizeof(std::uint32_t)) * kNano;
}

// Automorphisms on residues that lie in the outer caches, every other one added to a sum.
void measure_moves(ckks_params::MachineProfile& profile) {
  constexpr unsigned kPackedLogN = 13;
  constexpr std::size_t kArrays = 32, kPackedN = std::size_t{1} << kPackedLogN;
  const Modulus q = primes(1, 24).front();
  const std::vector<Words> from = random_arrays(kArrays, q);
  std::vector<Words> to = random_arrays(kArrays, q);
  const ring::Automorphism rotation(kRing, kPackedLogN,
                                    ring::rotation_element(kRing, kPackedLogN, 5));
  const auto& k = kernels::kernels();
  const double seconds = best_seconds([&] {
    for (std::size_t i = 0; i < kArrays; i += 2) {
      k.permute(rotation.moves(), from[i].data(), to[i].data(), kPackedN);
      k.permute_add(q, rotation.moves(), from[i + 1].data(), to[i + 1].data(), to[i + 1].data(),
                    kPackedN);
    }
  });
  profile.moved_word_ns = seconds / (kArrays * kPackedN) * kNano;
}

// Half of a query's residues come from a seed, half are unpacked.
void measure_uniform(ckks_params::MachineProfile& profile) {
  const Modulus q = primes(1, 40).front();
  Words words(kN);
  std::vector<std::uint8_t> packed(wire::packed_bytes(kN, q.bits()));
  const double seconds = best_seconds([&] {
    sampling::Prng prng(sampling::Seed{}, sampling::uniform_stream(1, q));
    sampling::sample_uniform(prng, q, words.span());
    wire::pack_bits(words.span(), q.bits(), packed);
    wire::unpack_bits(packed, q.bits(), words.span());
  });
  profile.uniform_word_ns = seconds / 2 / kN * kNano;
}

void measure_fresh_memory(ckks_params::MachineProfile& profile) {
  constexpr std::size_t kBytes = std::size_t{192} << 20;
  Words words(kBytes / 8);  // larger than anything released before: new to the process
  const auto clear = [&] {
    const double begin = base::thread_seconds();
    std::memset(words.data(), 0, kBytes);
    return base::thread_seconds() - begin;
  };
  const double fresh = clear(), used = clear();
  profile.fresh_byte_ns = std::max(0.0, fresh - used) / kBytes * kNano;
}

void measure_transforms(ckks_params::MachineProfile& profile) {
  Transforms transforms;
  const auto all = [&] {
    base::parallel_for(Transforms::kPrimes, [&](std::size_t i) { transforms.run(i); });
  };
  double one = 0, two = 0;
  {
    const base::ThreadLimit limit(1);
    profile.butterfly_ns = best_seconds(all) / Transforms::kButterflies * kNano;
    one = best_wall_seconds(all);
  }
  profile.thread_efficiency = 0;
  if (base::available_threads() > 1) {
    const base::ThreadLimit limit(2);
    two = best_wall_seconds(all);
    profile.thread_efficiency = std::clamp(one / two - 1, 0.0, 1.0);
  }
}

}  // namespace

void calibrate_and_store(const std::string& path, const Globals& globals) {
  ckks_params::MachineProfile profile;
  profile.name = machine_name();
  Progress progress("calibrating", globals.progress());
  const std::initializer_list<void (*)(ckks_params::MachineProfile&)> steps = {
      measure_fresh_memory,   measure_transforms, measure_gemm,   measure_products,
      measure_short_products, measure_moves,      measure_uniform};
  double done = 0;
  for (const auto step : steps) {
    step(profile);
    progress.update(++done, static_cast<double>(steps.size()));
  }
  const std::filesystem::path target =
      path.empty() ? default_profile_path() : std::filesystem::path(path);
  store_profile(target, profile);
  if (globals.json) {
    fmt::print("{}\n", nlohmann::json{{"profile", target.string()}, {"name", profile.name}}.dump());
    return;
  }
  fmt::print("{}\n", profile.name);
  fmt::print("  NTT butterfly          {:8.3f} ns\n", profile.butterfly_ns);
  fmt::print("  GEMM product           {:8.3f} ns ({:.3f} where it is split)\n", profile.mac_ns,
             profile.wide_mac_ns);
  fmt::print("  GEMM residue moved     {:8.3f} ns\n", profile.gemm_word_ns);
  fmt::print("  key-switching product  {:8.3f} ns\n", profile.multiplication_ns);
  fmt::print("  of short residues      {:8.3f} ns, and {:.3f} ns a byte from memory\n",
             profile.short_product_ns, profile.streamed_byte_ns);
  fmt::print("  residue moved          {:8.3f} ns\n", profile.moved_word_ns);
  fmt::print("  residue received       {:8.3f} ns\n", profile.uniform_word_ns);
  fmt::print("  fresh memory           {:8.3f} ns a byte\n", profile.fresh_byte_ns);
  fmt::print("  a second thread adds   {:8.0f} %\n", 100 * profile.thread_efficiency);
  fmt::print("stored in {}; compile makes its plans from it\n", target.string());
}

}  // namespace serdab::cli
