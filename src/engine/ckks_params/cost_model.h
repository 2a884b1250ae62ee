#pragma once

#include <cstddef>
#include <string>

namespace serdab::ckks_params {

/// Work of one kind of machine word each, counted without running anything.
struct WorkCounts {
  double butterflies = 0;      ///< NTT butterflies on one residue
  double macs = 0;             ///< GEMM multiply-accumulates whose products fit 53 bits unsplit
  double wide_macs = 0;        ///< the others
  double multiplications = 0;  ///< elementwise modular multiplications, inner products included
  double uniform_words = 0;    ///< residues expanded from a seed or unpacked from bits

  WorkCounts& operator+=(const WorkCounts& other);
};
WorkCounts operator*(double times, const WorkCounts& counts);

/// Nanoseconds of one thread for each unit of work, and how well threads add up.
struct MachineProfile {
  std::string name;
  double butterfly_ns;
  double mac_ns;
  double wide_mac_ns;
  double multiplication_ns;
  double uniform_word_ns;
  double thread_efficiency;  ///< share of a further thread that is gained, 0 to 1

  double seconds(const WorkCounts& counts, std::size_t threads) const;
};

/// The profile of the processor that the built-in figures were measured on (AVX2, 3.2 GHz).
MachineProfile builtin_profile();

}  // namespace serdab::ckks_params
