#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "networks/packing/circuit_counts.h"

namespace serdab::cli {

/// One layer's forward, backward and update on one sample in one packing, run encrypted.
struct PackingRun {
  unsigned log_n = 0;
  std::size_t primes = 0;  ///< of Q
  double log_qp = 0;
  unsigned security = 0;          ///< bits
  double milliseconds = 0;        ///< processor time of one thread, the best of several
  double predicted = 0;           ///< milliseconds, by the machine's profile
  double precision_bits = 0;      ///< −log2 of the largest error of any position of any output
  std::size_t keys_bytes = 0;     ///< relinearisation and rotations, in memory
  std::size_t rotation_keys = 0;  ///< how many of them
  std::size_t ciphertexts_bytes = 0;  ///< planned peak of a run
};

struct PackingRow {
  std::string packing;
  std::uint32_t n = 0;  ///< of the n x n matrix
  packing::CircuitCounts counts;
  std::optional<PackingRun> run;
  std::string left_out;  ///< why there is none
};

/// P1 with an explicit transposition, P2, P3 and one value a ciphertext for every n (powers of
/// two, at most 128), all in the ring of 2^14 positions, each with the parameters that compile_step
/// finds for 20 bits within the 128-bit table, keys for it alone, on one thread. Throws base::Error
/// (kMismatch) when a run did other operations than were counted. `report` is called for every row
/// as it is done.
std::vector<PackingRow> packing_rows(const std::vector<std::uint32_t>& sizes,
                                     const std::function<void(const PackingRow&)>& report);

void print_packing_head();
void print_packing_row(const PackingRow& row);
/// The rows, P2's gain over P1 for every n, and what it was measured on.
std::string to_json(const std::vector<PackingRow>& rows, const std::string& cpu,
                    const std::string& kernels);

/// How many times fewer rotations, and how many times less time, P2 takes than P1.
struct PackingGain {
  std::uint32_t n = 0;
  double rotations = 0;
  double time = 0;
};
std::vector<PackingGain> gains(const std::vector<PackingRow>& rows);

}  // namespace serdab::cli
