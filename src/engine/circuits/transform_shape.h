#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace serdab::circuits {

/// A rotation: slot i takes slot i + shift (modulo the slots). It is carried out as rotations by
/// `steps` in turn, for each of which there is a key: one step is a key of its own, several are
/// composed, none is the rotation by 0.
struct Rotation {
  std::uint32_t shift = 0;
  std::vector<std::uint32_t> steps;
};

/// One generalised diagonal: y_output[p] += w[p]·x_input[p + babies[baby] + giants[giant]] with the
/// weights w of `id`. Terms with the same id have the same weights, however many they are.
struct Term {
  std::uint32_t input = 0;
  std::uint32_t output = 0;
  std::uint32_t baby = 0;
  std::uint32_t giant = 0;
  std::uint32_t id = 0;
};

/// A sparse matrix on the slots of `inputs` ciphertexts, giving `outputs` ciphertexts.
struct TransformShape {
  std::size_t inputs = 1;
  std::size_t outputs = 1;
  std::vector<Rotation> babies, giants;
  std::vector<Term> terms;
  /// All weights repeat so often around the slots; a power of two. They are encoded faster so.
  std::size_t repeats = 1;
};

/// Throws base::Error(kInvalidArgument), naming the term or rotation: indices out of range, a shift
/// that is not below `slots` or not the sum of its steps, an output without a term, repeats that
/// do not divide the slots.
void check_shape(const TransformShape& shape, std::size_t slots);

/// What one application does. Times of its parts: docs/notes/linear-transforms.md.
struct OperationCounts {
  std::size_t decompositions = 0;      ///< polynomials brought to digits (mod_up)
  std::size_t lazy_rotations = 0;      ///< digits times a Galois key, left in QP
  std::size_t full_rotations = 0;      ///< the same, divided by P at once
  std::size_t plaintext_products = 0;  ///< plaintext times both parts, in QP
  std::size_t encodings = 0;           ///< plaintexts encoded on the way
  std::size_t divisions = 0;           ///< polynomials divided by P, those of full_rotations too

  bool operator==(const OperationCounts&) const = default;
};

}  // namespace serdab::circuits
