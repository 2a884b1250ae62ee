#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/ckks/ciphertext.h"
#include "engine/ckks/key_switch.h"
#include "engine/ckks/plaintext.h"
#include "engine/ckks/switching_key.h"

namespace serdab::ckks {

/// P times a ciphertext of two parts, in basis q_0 … q_level, P: what a rotation is before its last
/// division. `info` says what the ciphertext will be.
struct LiftedCiphertext {
  CiphertextInfo info;
  SwitchedPair pair;
};

/// Computes on ciphertexts; needs evaluation keys at most. Every operation keeps level and scale
/// exactly and throws base::Error(kMismatch), naming both sides, when operands do not agree;
/// operands are then unchanged. Functions without a result work in place. Immutable; const calls
/// may run on several threads (on distinct results). The context must outlive it. Noise of each
/// operation: ckks_params/noise.h.
class Evaluator {
 public:
  explicit Evaluator(const Context& context) : context_(&context) {}
  const Context& context() const { return *context_; }

  // Sums (evaluator_linear.cpp): same parameters, key, level and scale; 2 or more parts each.
  Ciphertext add(const Ciphertext& a, const Ciphertext& b) const;
  void add_inplace(Ciphertext& a, const Ciphertext& b) const;
  Ciphertext subtract(const Ciphertext& a, const Ciphertext& b) const;
  void subtract_inplace(Ciphertext& a, const Ciphertext& b) const;
  void negate(Ciphertext& a) const;

  /// The plaintext's level and scale must be the ciphertext's.
  void add_plain(Ciphertext& a, const Plaintext& b) const;
  /// Level must agree; the scale becomes the product of both.
  void multiply_plain(Ciphertext& a, const Plaintext& b) const;
  /// Adds round(value·scale) to every slot: an error of at most 1/2 of a unit of the scale.
  void add_scalar(Ciphertext& a, double value) const;
  /// Multiplies every slot by `value`, landing on `target` scale: by the integer
  /// k = round(value·target/scale), without noise; the outcome is k·scale/target times the message.
  void multiply_scalar(Ciphertext& a, double value, Scale target) const;
  /// Multiplies by an integer; the scale stays.
  void multiply_integer(Ciphertext& a, std::int64_t value) const;
  /// a += k·b for the integer k; the scale of `a` stays and the caller says by equal scales that it
  /// fits.
  void multiply_integer_add(Ciphertext& a, const Ciphertext& b, std::int64_t value) const;

  // Products (evaluator_product.cpp): two parts each, same level; three parts, scale the product.
  Ciphertext multiply(const Ciphertext& a, const Ciphertext& b) const;
  Ciphertext square(const Ciphertext& a) const;
  /// Σ a·b over pairs, at least one; squares where both are the same. All of one level, and their
  /// scales of one product. No product is stored: sums are made block by block, while in cache.
  struct Factors {
    const Ciphertext* a = nullptr;
    const Ciphertext* b = nullptr;
  };
  Ciphertext sum_of_products(std::span<const Factors> pairs) const;
  /// Three parts to two. Sums of products may be relinearised once (lazily): add first, then this.
  void relinearise(Ciphertext& a, const RelinearisationKey& key) const;
  /// relinearise, then rescale by `primes` (1 to Context::kMaxDrop), dividing by P and the primes
  /// at once: about a quarter fewer transforms and one rounding less. Level and scale as after
  /// both; the bits differ by that rounding.
  void relinearise_rescale(Ciphertext& a, const RelinearisationKey& key,
                           std::size_t primes = 1) const;

  /// relinearise without its division: lower() divides, and rescales in the same step.
  LiftedCiphertext relinearise_lifted(const Ciphertext& a, const RelinearisationKey& key) const;

  // Levels (evaluator_level.cpp): any number of parts.
  /// Divides by the last `primes` primes of the chain with rounding; level falls by `primes`, the
  /// scale is divided by each in turn. More than Context::kMaxDrop are divided in turns of as many.
  void rescale(Ciphertext& a, std::size_t primes = 1) const;
  /// Forgets primes; message and scale stay. `level` is at most the ciphertext's.
  void mod_drop(Ciphertext& a, Level level) const;

  // Rotations (evaluator_rotation.cpp): two parts.
  /// Slot i takes slot i + k for a key of element 3^k; conjugation for the key of −1.
  Ciphertext apply_galois(const Ciphertext& a, const GaloisKey& key) const;
  Ciphertext rotate(const Ciphertext& a, long steps, const GaloisKeys& keys) const;
  Ciphertext conjugate(const Ciphertext& a, const GaloisKeys& keys) const;
  /// One rotation for each of `steps`, decomposing once; with centred digits the same bits as
  /// rotate's.
  std::vector<Ciphertext> rotate_hoisted(const Ciphertext& a, std::span<const long> steps,
                                         const GaloisKeys& keys) const;
  /// The same from a decomposition of part 1 made earlier by mod_up.
  Ciphertext apply_galois_hoisted(const Ciphertext& a, const Decomposition& part1,
                                  const GaloisKey& key) const;
  /// The same without the division by P: a sum of many rotations is divided once.
  LiftedCiphertext apply_galois_lifted(const Ciphertext& a, const Decomposition& part1,
                                       const GaloisKey& key) const;
  /// One for each key.
  std::vector<LiftedCiphertext> apply_galois_lifted(const Ciphertext& a, const Decomposition& part1,
                                                    std::span<const GaloisKey* const> keys) const;
  /// Same level and scale.
  void add_inplace(LiftedCiphertext& a, const LiftedCiphertext& b) const;
  /// sum += a·b; level as the operands', scale of `sum` the product of theirs. With rotations left
  /// in QP this is the inner loop of a linear transform hoisted twice.
  void multiply_plain_add(LiftedCiphertext& sum, const LiftedCiphertext& a,
                          const LiftedPlaintext& b) const;
  /// a·b, what such a sum begins with.
  LiftedCiphertext multiply_plain(const LiftedCiphertext& a, const LiftedPlaintext& b) const;
  /// Divides by P, and rescales by `primes` (at most Context::kMaxDrop) in the same step.
  Ciphertext lower(LiftedCiphertext&& a, std::size_t primes = 0) const;

 private:
  const Context* context_;
};

}  // namespace serdab::ckks
