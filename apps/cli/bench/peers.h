#pragma once

#include <optional>
#include <string_view>

namespace serdab::cli {

/// Milliseconds of the best of SEAL 4 with HEXL, OpenFHE with HEXL and Lattigo 5 on one thread of a
/// Zen 5 server core (AVX-512 IFMA, 3.8 GHz), measured November 2026; the names of `work` are the
/// bench table's. None where nobody was measured.
std::optional<double> peer_milliseconds(std::string_view work, unsigned log_n, double log_q);

/// The clock those were taken at: figures compare as cycles.
inline constexpr double kPeerClock = 3.8e9;

}  // namespace serdab::cli
