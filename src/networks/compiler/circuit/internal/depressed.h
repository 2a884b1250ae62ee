#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "networks/compiler/arithmetic_network.h"
#include "networks/compiler/circuit/circuit.h"

namespace serdab::compiler {

/// What a network value is in terms of the circuit: gain ⊙ node + offset. Empty vectors mean 1 and
/// 0.
struct Mapped {
  NodeId node = 0;
  std::vector<double> gain;
  std::vector<double> offset;
};

/// Evaluates f on every element's coefficient set.
template <typename F>
std::vector<double> per_element(const Polynomial& polynomial, std::size_t count, F&& f) {
  std::vector<double> of_set;
  for (const auto& set : polynomial.sets) of_set.push_back(f(set));
  std::vector<double> result(count);
  for (std::size_t i = 0; i < count; ++i) {
    result[i] = of_set[polynomial.set_of_element.empty() ? 0 : polynomial.set_of_element[i]];
  }
  return result;
}

bool all_zero(const std::vector<double>& values);

/// The polynomial in x' = x + shift: leading coefficient, then the rest divided by it; no term of
/// degree d − 1.
struct Depressed {
  double lead, shift, square, linear, constant;
};

Depressed depress(const std::vector<double>& c);

/// Without leading zeros (odd functions have them). Throws base::Error(kUnsupported), naming the
/// layer, unless all sets have one degree, 2 to 4.
Polynomial trimmed(Polynomial polynomial, const std::string& layer);

}  // namespace serdab::compiler
