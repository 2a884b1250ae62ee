#pragma once

#include <array>
#include <cstddef>

namespace serdab::program {

/// The kinds of work that a query's time is told apart by, predicted and measured.
enum class WorkKind : std::size_t {
  kUnpacking,      ///< the query's residues: from a seed, from bits
  kDecomposing,    ///< digits of what is rotated in a transform
  kInnerProducts,  ///< with keys, of rotations left in QP
  kPlaintextProducts,
  kEncoding,       ///< of weights that are not prepared
  kGiantSteps,     ///< of transforms and sums of rotations, divisions included
  kDivisions,      ///< by P and by primes of Q
  kRelinearising,  ///< without its division
  kCiphertextProducts,
  kWeightedSums,  ///< of ciphertexts: the batch layout's layers
  kAdditions,     ///< constants, scaled sums
  kPacking,       ///< the answer
};
inline constexpr std::size_t kWorkKinds = 12;

/// Something for each kind of work.
template <typename T>
struct ByWork {
  std::array<T, kWorkKinds> kinds{};

  T& operator[](WorkKind kind) { return kinds[static_cast<std::size_t>(kind)]; }
  const T& operator[](WorkKind kind) const { return kinds[static_cast<std::size_t>(kind)]; }
  ByWork& operator+=(const ByWork& other) {
    for (std::size_t i = 0; i < kWorkKinds; ++i) kinds[i] += other.kinds[i];
    return *this;
  }
  T sum() const {
    T total{};
    for (const T& of_kind : kinds) total += of_kind;
    return total;
  }
};

const char* work_name(WorkKind kind);

}  // namespace serdab::program
