#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "engine/circuits/stage_seconds.h"
#include "engine/circuits/transform_shape.h"
#include "engine/ckks/encoder.h"
#include "engine/ckks/evaluator.h"
#include "engine/ring/packed_poly.h"

namespace serdab::circuits {

namespace internal {
struct TransformPlan;
struct Operand;
struct ProductBatch;
}  // namespace internal

/// Fills `slots` (all of them, or the first slots/repeats; zero before) with the weights of the
/// terms of this id as they stand at the output: w[p] is what x[p + baby + giant] is multiplied by.
/// Called when the terms are encoded, possibly from several threads.
using Diagonal = std::function<void(std::uint32_t term_id, std::span<double> slots)>;

/// y = M·x on slots, for a matrix of plaintext diagonals and encrypted vectors, in both rings:
///   y = Σ_giants rot_g( Σ_babies rot_-g(d) ⊙ rot_b(x) ),
/// hoisted twice (Bossuat et al. 2020/1203, section 4): an input is decomposed once for all its
/// baby rotations, which stay in basis QP; products are summed there and reduced once for up to 64
/// of them; a giant step divides part 1 of its sum by P, decomposes and switches it, and part 0
/// never leaves QP; every output is divided by P once, together with its rescale. Babies of several
/// steps decompose once more for every step but the last.
///
/// Level stays (or falls by the rescale), the scale is exactly input scale × `weights`. Noise:
/// ckks_params::NoiseModel::linear_transform. Immutable; apply may run on several threads at once.
/// Context and encoder must outlive it, and whatever `diagonal` refers to unless `expanded`.
class LinearTransform {
 public:
  /// For inputs at `level`; the diagonals are encoded with scale `weights`, now if `expanded`,
  /// which keeps bytes() of memory, else whenever they are used. Throws
  /// base::Error(kInvalidArgument) as check_shape, and what Encoder::encode_lifted throws.
  LinearTransform(const ckks::Context& context, const ckks::Encoder& encoder, TransformShape shape,
                  Diagonal diagonal, ckks::Level level, ckks::Scale weights, bool expanded);
  LinearTransform(LinearTransform&&) noexcept;
  LinearTransform& operator=(LinearTransform&&) noexcept;
  ~LinearTransform();

  /// One ciphertext for every output, from one of two parts for every input; inputs agree in level,
  /// scale and key. The result is rescaled by `rescale_primes`. `ran`, if given, takes what was
  /// done, which is counts(); `seconds` is added to. Throws base::Error: kMismatch for inputs that
  /// do not agree with each other, the level or the keys; kInvalidArgument for a wrong number of
  /// inputs, too many primes or a missing key, naming the step; kUnsupported in contexts of
  /// positive digits.
  std::vector<ckks::Ciphertext> apply(const ckks::Evaluator& evaluator,
                                      std::span<const ckks::Ciphertext* const> inputs,
                                      const ckks::GaloisKeys& keys, std::size_t rescale_primes = 0,
                                      OperationCounts* ran = nullptr,
                                      StageSeconds* seconds = nullptr) const;

  const TransformShape& shape() const { return shape_; }
  /// The steps that apply needs keys for, ascending.
  std::vector<std::uint32_t> steps() const;
  /// Memory of the plaintexts that are kept.
  std::size_t bytes() const;
  OperationCounts counts() const;

 private:
  ring::PackedPoly encode(std::size_t plain) const;
  std::vector<ring::PackedPoly> encode_range(std::size_t first, std::size_t count) const;
  void check_inputs(std::span<const ckks::Ciphertext* const> inputs, const ckks::GaloisKeys& keys,
                    std::size_t rescale_primes) const;
  std::vector<ckks::SwitchedPair> inner_sums(const std::vector<internal::Operand>& operands,
                                             OperationCounts& ran, StageClock& clock) const;
  std::vector<ckks::SwitchedPair> giant_steps(std::vector<ckks::SwitchedPair>&& sums,
                                              const ckks::GaloisKeys& keys,
                                              OperationCounts& ran) const;

  const ckks::Context* context_;
  const ckks::Encoder* encoder_;
  TransformShape shape_;
  Diagonal diagonal_;
  ckks::Level level_;
  ckks::Scale weights_;
  bool expanded_;
  std::unique_ptr<const internal::TransformPlan> plan_;
  std::vector<ring::PackedPoly> plains_;  ///< all of the plan's, or none
};

}  // namespace serdab::circuits
