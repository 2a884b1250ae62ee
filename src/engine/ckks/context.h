#pragma once

#include <cstddef>
#include <vector>

#include "engine/base/units.h"
#include "engine/ckks_params/parameters.h"
#include "engine/ring/base_converter.h"
#include "engine/ring/ring.h"

namespace serdab::ckks {

using base::GaloisElement;
using base::Level;
using base::Scale;
using ckks_params::ParameterId;
using ckks_params::Parameters;
using ckks_params::to_string;

using ring::Representative;

/// Everything that follows from the parameters alone: primes, transform tables, constants of base
/// conversions. Immutable after construction, shared by const& between threads; outlives all that
/// refer to it. Holds no keys.
class Context {
 public:
  /// Key-switching digits are centred; SEAL's are positive, which puts up to sqrt(N)/4 times more
  /// noise into the slots near exponent ±1. kPositive is for computing SEAL's bits.
  explicit Context(const Parameters& parameters,
                   Representative digit_form = Representative::kCentred);
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Parameters& parameters() const { return parameters_; }
  const ring::Ring& ring() const { return ring_; }
  std::size_t n() const { return parameters_.n(); }
  std::size_t slots() const { return parameters_.slots(); }
  Level max_level() const { return parameters_.max_level(); }
  ring::RnsBasis basis(Level level) const { return ring_.basis(level); }
  ring::RnsBasis basis_qp(Level level) const { return ring_.basis_qp(level); }

  /// At most this many primes of Q are dropped by one division; more are dropped in turns.
  static constexpr std::size_t kMaxDrop = 4;
  /// For dropping the primes q_{level−count+1} … q_level; 1 <= count <= min(kMaxDrop, level).
  const ring::BaseConverter& rescale_converter(Level level, std::size_t count) const;
  /// For dropping those and P at once; count may be 0 (mod_down). There must be special primes.
  const ring::BaseConverter& mod_down_converter(Level level, std::size_t count = 0) const;
  /// P modulo q_i.
  std::uint64_t p_residue(std::size_t i) const { return p_residues_[i]; }

  Representative digit_form() const { return digit_form_; }
  /// Key-switching digit `digit` at `level` covers primes [begin, begin + count).
  struct Digit {
    std::size_t begin, count;
  };
  Digit digit(Level level, std::size_t digit) const;
  const ring::BaseConverter& digit_converter(Level level, std::size_t digit) const;

 private:
  void prepare_key_switching();

  Parameters parameters_;
  Representative digit_form_;
  ring::Ring ring_;
  using Converters = std::vector<std::vector<ring::BaseConverter>>;
  Converters rescale_;   ///< [level][count − 1]
  Converters mod_down_;  ///< [level][count]
  Converters digits_;    ///< [digit][count − 1]
  std::vector<std::uint64_t> p_residues_;
};

}  // namespace serdab::ckks
