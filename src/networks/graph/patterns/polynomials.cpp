#include <algorithm>
#include <map>
#include <optional>

#include "engine/base/error.h"
#include "networks/graph/patterns/recognise.h"

namespace serdab::graph {
namespace {

/// A coefficient: one value for all elements, or a tensor that broadcasts over them.
using Coefficient = Tensor;
using Coefficients = std::vector<Coefficient>;

/// A node as a polynomial of an earlier node, its base. Every node is x of itself; elementwise
/// nodes are more.
struct Form {
  NodeId base;
  Coefficients c;  ///< lowest power first
  std::size_t degree() const { return c.size() - 1; }
};

Coefficient combine(const Coefficient& a, const Coefficient& b, double (*f)(double, double)) {
  if (a.is_scalar() && b.is_scalar()) return Tensor::scalar(f(a.values[0], b.values[0]));
  Coefficient result{a.is_scalar()   ? b.shape
                     : b.is_scalar() ? a.shape
                                     : broadcast_shape(a.shape, b.shape),
                     {}};
  const std::vector<double> left = broadcast(a, result.shape), right = broadcast(b, result.shape);
  for (std::size_t i = 0; i < left.size(); ++i) result.values.push_back(f(left[i], right[i]));
  return result;
}

Coefficient plus(const Coefficient& a, const Coefficient& b) {
  return combine(a, b, [](double x, double y) { return x + y; });
}

Coefficient times(const Coefficient& a, const Coefficient& b) {
  return combine(a, b, [](double x, double y) { return x * y; });
}

Coefficients add(Coefficients a, const Coefficients& b) {
  if (a.size() < b.size()) a.resize(b.size(), Tensor::scalar(0.0));
  for (std::size_t k = 0; k < b.size(); ++k) a[k] = plus(a[k], b[k]);
  return a;
}

Coefficients multiply(const Coefficients& a, const Coefficients& b) {
  Coefficients result(a.size() + b.size() - 1, Tensor::scalar(0.0));
  for (std::size_t i = 0; i < a.size(); ++i) {
    for (std::size_t j = 0; j < b.size(); ++j)
      result[i + j] = plus(result[i + j], times(a[i], b[j]));
  }
  return result;
}

/// outer(inner(x)) by Horner's rule.
Coefficients compose(const Coefficients& outer, const Coefficients& inner) {
  Coefficients result{outer.back()};
  for (std::size_t k = outer.size() - 1; k-- > 0;)
    result = add(multiply(result, inner), {outer[k]});
  return result;
}

class Recogniser {
 public:
  explicit Recogniser(const Graph& graph) : graph_(graph), definitions_(graph.size()) {
    for (NodeId id = 0; id < graph.size(); ++id) forms_.push_back(form_of(id));
  }
  const Form& form(NodeId id) const { return forms_[id]; }

 private:
  static Form itself(NodeId id) { return {id, {Tensor::scalar(0.0), Tensor::scalar(1.0)}}; }

  Form form_of(NodeId id) {
    const Node& node = graph_.node(id);
    std::optional<Form> found;
    if (const auto* op = std::get_if<ScaleShift>(&node.op)) found = scaled(*op, node);
    if (const auto* op = std::get_if<Power>(&node.op)) found = power(*op, node);
    if (const auto* op = std::get_if<Sum>(&node.op)) found = summed(*op, node);
    if (std::holds_alternative<Multiply>(node.op)) found = multiplied(node);
    if (!found || found->degree() > kMaxPolynomialDegree) return itself(id);
    count_memory(*found);
    if (found->degree() >= 2) return *found;
    // Degree 1 is a value of its own, on which a polynomial may stand; it remembers what it is made
    // of, in case the polynomial turns out to use that too.
    definitions_[id] = std::move(found);
    return itself(id);
  }

  /// Coefficients that vary over the elements add up; a file must not fill memory with them.
  void count_memory(const Form& form) {
    constexpr std::size_t kMostCoefficients = std::size_t{1} << 27;
    for (const Coefficient& c : form.c) coefficients_ += c.values.size();
    base::require(coefficients_ <= kMostCoefficients, base::ErrorCode::kLimit,
                  "the polynomials of the graph have more than 2^27 coefficients");
  }

  Form scaled(const ScaleShift& op, const Node& node) const {
    const Form& x = forms_[node.inputs[0]];
    return {x.base, add(multiply(x.c, {op.factor}), {op.offset})};
  }

  std::optional<Form> power(const Power& op, const Node& node) const {
    const Form& x = forms_[node.inputs[0]];
    if (x.degree() * op.exponent > kMaxPolynomialDegree) return std::nullopt;
    Coefficients result = x.c;
    for (unsigned i = 1; i < op.exponent; ++i) result = multiply(result, x.c);
    return Form{x.base, result};
  }

  std::optional<Form> summed(const Sum& op, const Node& node) const {
    auto operands = common_base(node);
    if (!operands) return std::nullopt;
    auto& [a, b] = *operands;
    const Coefficients left = multiply(a.c, {Tensor::scalar(op.signs[0])});
    const Coefficients right = multiply(b.c, {Tensor::scalar(op.signs[1])});
    return Form{a.base, add(left, right)};
  }

  std::optional<Form> multiplied(const Node& node) const {
    auto operands = common_base(node);
    if (!operands) return std::nullopt;
    auto& [a, b] = *operands;
    if (a.degree() + b.degree() > kMaxPolynomialDegree) return std::nullopt;
    return Form{a.base, multiply(a.c, b.c)};
  }

  /// Both inputs as polynomials of one base: the later base is replaced by its definition until the
  /// bases agree. Inputs that broadcast are left alone.
  std::optional<std::pair<Form, Form>> common_base(const Node& node) const {
    const Node &left = graph_.node(node.inputs[0]), &right = graph_.node(node.inputs[1]);
    if (left.shape != node.shape || right.shape != node.shape) return std::nullopt;
    Form a = forms_[node.inputs[0]], b = forms_[node.inputs[1]];
    while (a.base != b.base) {
      Form& later = a.base > b.base ? a : b;
      const auto& definition = definitions_[later.base];
      if (!definition) return std::nullopt;
      later = {definition->base, compose(later.c, definition->c)};
    }
    return std::pair{std::move(a), std::move(b)};
  }

  const Graph& graph_;
  std::vector<std::optional<Form>> definitions_;
  std::vector<Form> forms_;
  std::size_t coefficients_ = 0;
};

/// The coefficients gathered into few sets, and the set of every element of `shape`.
Polynomial to_polynomial(const Coefficients& c, const Shape& shape) {
  Shape varying;
  for (const Coefficient& k : c) {
    if (!k.is_scalar()) varying = broadcast_shape(varying, k.shape);
  }
  std::vector<std::vector<double>> by_power;
  for (const Coefficient& k : c) by_power.push_back(broadcast(k, varying));
  Polynomial result;
  std::map<std::vector<double>, std::uint32_t> known;
  std::vector<std::uint32_t> choice;
  for (std::size_t i = 0; i < by_power[0].size(); ++i) {
    std::vector<double> set;
    for (const auto& values : by_power) set.push_back(values[i]);
    const auto [found, fresh] = known.emplace(set, static_cast<std::uint32_t>(result.sets.size()));
    if (fresh) result.sets.push_back(std::move(set));
    choice.push_back(found->second);
  }
  if (result.sets.size() == 1) return result;
  for (std::size_t i : broadcast_index(varying, shape)) result.set_of_element.push_back(choice[i]);
  return result;
}

}  // namespace

Graph recognise_polynomials(const Graph& graph) {
  const Recogniser recogniser(graph);
  Graph result = empty_like(graph);
  std::vector<NodeId> moved(graph.size());
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& node = graph.node(id);
    const Form& form = recogniser.form(id);
    if (form.base != id) {
      moved[id] = result.add(node.name, to_polynomial(form.c, node.shape), {moved[form.base]});
      continue;
    }
    std::vector<NodeId> inputs;
    for (NodeId input : node.inputs) inputs.push_back(moved[input]);
    moved[id] = result.add(node.name, node.op, std::move(inputs));
  }
  result.set_output(moved[graph.output()]);
  return result;
}

}  // namespace serdab::graph
