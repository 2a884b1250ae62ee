#pragma once

#include <cstddef>

#include "networks/program/program.h"

namespace serdab::program {

/// Operations on ciphertexts: what a run takes, and what a program says that it will take.
struct OperationCounts {
  std::size_t lazy_rotations = 0;  ///< of a decomposition made before, not yet divided by P
  std::size_t full_rotations = 0;
  std::size_t hoisted_rotations = 0;  ///< of a decomposition made before, each divided
  std::size_t relinearisations = 0;
  std::size_t plaintext_products = 0;   ///< an encoded vector times a ciphertext
  std::size_t ciphertext_products = 0;  ///< squares too
  std::size_t rescales = 0;             ///< of a ciphertext, by any number of primes

  std::size_t rotations() const { return lazy_rotations + full_rotations + hoisted_rotations; }
  std::size_t key_switches() const { return rotations() + relinearisations; }
  OperationCounts& operator+=(const OperationCounts& other);
  bool operator==(const OperationCounts&) const = default;
};

/// What one run of the program takes, by the rules of circuits/linear_transform.h: rotations of an
/// input that begin with the same steps share them, and a giant rotation is made for every output.
/// Of a rotation of a Rotate the first step is hoisted, of one of a RotatedTotal the last is lazy;
/// the other steps are full.
OperationCounts count_operations(const Program& program);

}  // namespace serdab::program
