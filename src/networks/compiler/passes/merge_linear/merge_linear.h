#pragma once

#include "networks/compiler/arithmetic_network.h"

namespace serdab::compiler {

struct MergeOptions {
  /// A merge may multiply the number of multiplications by this much, because it saves a level:
  /// every operation before it then works on fewer primes.
  double max_growth = 2.0;
  /// Or add this share of all the network's entries: about what one level less is worth to the
  /// rest.
  double level_worth = 0.1;
};

/// Composes consecutive Affine steps. A value that only Affine steps read is merged into them when
/// the entries afterwards are at most max_growth times those before; a value that must stay for
/// others is bypassed where that costs no entry. Steps that nothing reads are removed.
ArithmeticNetwork merge_linear(ArithmeticNetwork network, const MergeOptions& options = {});

}  // namespace serdab::compiler
