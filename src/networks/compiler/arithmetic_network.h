#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "networks/graph/graph.h"
#include "networks/packing/sparse_matrix.h"

namespace serdab::compiler {

/// Index of a value: 0 is the input vector, step i defines value i + 1.
using ValueId = std::size_t;

/// y = Σ_t map_t·x_t + bias over one or several earlier values, each named once; one bias per
/// output.
struct Affine {
  struct Term {
    ValueId from = 0;
    packing::SparseMatrix map;  ///< rows = outputs, cols = elements of `from`
  };
  std::vector<Term> terms;
  std::vector<double> bias;

  /// Multiplications of one evaluation.
  std::size_t nonzeros() const;
};

/// y_e = Σ_k c[k]·x_e^k, coefficients lowest power first, degree >= 2: one set for all elements or
/// one chosen for each.
struct Polynomial {
  ValueId from = 0;
  std::vector<std::vector<double>> sets;
  std::vector<std::uint32_t> set_of_element;  ///< empty: sets[0] everywhere

  const std::vector<double>& coefficients(std::size_t element) const {
    return sets[set_of_element.empty() ? 0 : set_of_element[element]];
  }
  std::size_t degree() const;
};

struct Step {
  std::variant<Affine, Polynomial> op;
  graph::Shape shape;               ///< of the value it defines; flattened in row-major order
  std::vector<std::string> layers;  ///< names of the graph nodes it stands for, first to last
};

/// A network as additions and multiplications alone: what the compiler plans and emits. Steps in
/// topological order; the last defines the output. A value type; const access may be shared.
struct ArithmeticNetwork {
  std::string name;
  std::map<std::string, std::string> metadata;
  graph::OutputActivation output_activation = graph::OutputActivation::kNone;
  graph::Shape input_shape;  ///< C, H, W; value 0 is an image in this order
  std::vector<Step> steps;

  std::size_t value_count() const { return steps.size() + 1; }
  ValueId output() const { return steps.size(); }
  const graph::Shape& shape(ValueId value) const {
    return value == 0 ? input_shape : steps[value - 1].shape;
  }
  /// Elements of a value.
  std::size_t size(ValueId value) const { return graph::element_count(shape(value)); }
};

/// The earlier values that a step reads.
std::vector<ValueId> inputs_of(const Step& step);

/// Which steps read each value: indices into `steps`, ascending.
std::vector<std::vector<std::size_t>> consumers(const ArithmeticNetwork& network);

/// "conv1 + bn1": the layers of a step for reports; "input" for value 0.
std::string value_name(const ArithmeticNetwork& network, ValueId value);

/// The elements of the input that anything reads, ascending: others need not be encrypted.
std::vector<std::size_t> used_inputs(const ArithmeticNetwork& network);

/// Throws base::Error (kInvalidArgument) that names the step unless every step reads earlier values
/// only, all extents agree, matrices hold their invariants and coefficients are finite. Runs after
/// every pass.
void verify(const ArithmeticNetwork& network);

}  // namespace serdab::compiler
