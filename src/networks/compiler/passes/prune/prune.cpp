#include "networks/compiler/passes/prune/prune.h"

#include <array>
#include <set>

namespace serdab::compiler {
namespace {

using Needed = std::vector<std::vector<bool>>;  // value, element

void need_inputs(const Affine& affine, const std::vector<bool>& outputs, Needed& needed) {
  for (const auto& term : affine.terms) {
    for (std::size_t r = 0; r < outputs.size(); ++r) {
      if (!outputs[r]) continue;
      for (std::uint32_t column : term.map.row_columns(r)) needed[term.from][column] = true;
    }
  }
}

void need_inputs(const Polynomial& polynomial, const std::vector<bool>& outputs, Needed& needed) {
  for (std::size_t e = 0; e < outputs.size(); ++e) {
    if (outputs[e]) needed[polynomial.from][e] = true;
  }
}

Needed needed_elements(const ArithmeticNetwork& network) {
  Needed needed(network.value_count());
  for (ValueId value = 0; value < needed.size(); ++value) {
    needed[value].assign(network.size(value), value == 0 || value == network.output());
  }
  for (std::size_t i = network.steps.size(); i-- > 0;) {
    std::visit([&](const auto& op) { need_inputs(op, needed[i + 1], needed); },
               network.steps[i].op);
  }
  return needed;
}

struct Kept {
  std::vector<std::size_t> elements;     ///< old indices, ascending
  std::vector<std::uint32_t> new_index;  ///< of every old element; kNoColumn where dropped
};

Kept keep(const std::vector<bool>& needed) {
  Kept kept;
  for (std::size_t e = 0; e < needed.size(); ++e) {
    kept.new_index.push_back(needed[e] ? static_cast<std::uint32_t>(kept.elements.size())
                                       : packing::kNoColumn);
    if (needed[e]) kept.elements.push_back(e);
  }
  return kept;
}

Affine pruned(const Affine& affine, const Kept& outputs, const std::vector<Kept>& kept) {
  Affine result;
  for (const auto& term : affine.terms) {
    const Kept& inputs = kept[term.from];
    result.terms.push_back(
        {term.from, packing::restricted(term.map, outputs.elements, inputs.new_index,
                                        inputs.elements.size())});
  }
  for (std::size_t e : outputs.elements) result.bias.push_back(affine.bias[e]);
  return result;
}

Polynomial pruned(const Polynomial& polynomial, const Kept& outputs, const std::vector<Kept>&) {
  Polynomial result{polynomial.from, polynomial.sets, {}};
  if (polynomial.set_of_element.empty()) return result;
  for (std::size_t e : outputs.elements) {
    result.set_of_element.push_back(polynomial.set_of_element[e]);
  }
  return result;
}

// The shape of what is kept: still channels, rows and columns where that is a box of them.
graph::Shape kept_shape(const graph::Shape& shape, const std::vector<std::size_t>& elements) {
  const graph::Shape flat = {elements.size()};
  if (shape.size() != 3 || elements.empty()) return flat;
  std::array<std::set<std::size_t>, 3> indices;
  for (const std::size_t e : elements) {
    indices[0].insert(e / (shape[1] * shape[2]));
    indices[1].insert(e / shape[2] % shape[1]);
    indices[2].insert(e % shape[2]);
  }
  const graph::Shape box = {indices[0].size(), indices[1].size(), indices[2].size()};
  return graph::element_count(box) == elements.size() ? box : flat;
}

}  // namespace

ArithmeticNetwork prune(const ArithmeticNetwork& network) {
  std::vector<Kept> kept;
  for (const auto& elements : needed_elements(network)) kept.push_back(keep(elements));
  ArithmeticNetwork result = network;
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    const Kept& outputs = kept[i + 1];
    if (outputs.elements.size() == network.size(i + 1) &&
        std::holds_alternative<Polynomial>(network.steps[i].op)) {
      continue;
    }
    std::visit([&](const auto& op) { result.steps[i].op = pruned(op, outputs, kept); },
               network.steps[i].op);
    if (outputs.elements.size() != network.size(i + 1)) {
      result.steps[i].shape = kept_shape(network.shape(i + 1), outputs.elements);
    }
  }
  verify(result);
  return result;
}

}  // namespace serdab::compiler
