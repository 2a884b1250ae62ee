#pragma once

#include <optional>
#include <string>
#include <vector>

namespace serdab::cli {

/// One line of the bench table.
struct BenchRow {
  std::string work;  ///< "rotate"
  std::string size;  ///< "N=2^14 log Q 340", or a kernel's shape
  unsigned log_n = 0;
  double log_q = 0;       ///< 0 for kernels, which know one prime
  double log_qp = 0;      ///< likewise
  unsigned security = 0;  ///< bits, likewise
  unsigned threads = 1;
  double seconds = 0;  ///< processor time on one thread, wall time on several; best of many
  double cycles = 0;   ///< seconds by the core's clock
  /// What the arithmetic and the bytes alone would take on this processor, in cycles.
  std::optional<double> floor;
  std::string unit;  ///< what `units` counts: "8-lane butterfly"
  double units = 0;  ///< 0: no unit
  std::optional<double>
      peer_ms;  ///< best figure published or measured elsewhere, on a 3.8 GHz core

  /// Identifies the row between runs.
  std::string key() const { return work + " | " + size + " | " + std::to_string(threads); }
};

/// A run of the whole bench on one machine.
struct BenchRun {
  std::string cpu;
  std::string kernels;
  double clock_hz = 0;
  double memory_bytes_per_second = 0;
  std::vector<BenchRow> rows;
};

}  // namespace serdab::cli
