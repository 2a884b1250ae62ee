// One operation of a Graph as ONNX nodes.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/writer.h"

namespace serdab::graph::onnx_export {
namespace {

using base::ErrorCode;

/// The node being written.
struct Place {
  Writer& writer;
  const std::string& name;
  const std::vector<std::string>& inputs;
  std::vector<Shape> input_shapes;
  const Shape& shape;

  std::string constant(const char* what, const Tensor& tensor) const {
    return writer.constant(fmt::format("{}.{}", name, what), tensor);
  }
  void chain(const std::vector<Step>& steps) const { writer.chain(inputs[0], steps, name); }
};

bool all_equal(const Tensor& tensor, double value) {
  return std::all_of(tensor.values.begin(), tensor.values.end(),
                     [&](double v) { return v == value; });
}

Tensor transposed(const Tensor& matrix) {
  const auto index = transpose_index(matrix.shape, {1, 0});
  Tensor result{{matrix.shape[1], matrix.shape[0]}, {}};
  for (std::size_t i : index) result.values.push_back(matrix.values[i]);
  return result;
}

void write(const Place& place, const Dense& op) {
  const bool has_bias = !op.bias.empty();
  if (place.input_shapes[0].size() == 1) {
    std::vector<std::string> inputs{place.inputs[0], place.constant("weight", op.weights)};
    if (has_bias) inputs.push_back(place.constant("bias", Tensor::vector(op.bias)));
    auto& attribute = *place.writer.node("Gemm", place.name, inputs).add_attribute();
    attribute.set_name("transB");
    attribute.set_type(onnx::AttributeProto::INT);
    attribute.set_i(1);
    return;
  }
  std::vector<Step> steps{{"MatMul", place.constant("weight", transposed(op.weights))}};
  if (has_bias) steps.push_back({"Add", place.constant("bias", Tensor::vector(op.bias))});
  place.chain(steps);
}

void write(const Place& place, const ScaleShift& op) {
  std::vector<Step> steps;
  if (!all_equal(op.factor, 1.0)) steps.push_back({"Mul", place.constant("factor", op.factor)});
  if (!all_equal(op.offset, 0.0)) steps.push_back({"Add", place.constant("offset", op.offset)});
  place.chain(steps);
}

/// The k-th coefficient of every element, one value if there is one set.
Tensor coefficient(const Polynomial& op, std::size_t k, const Shape& shape) {
  const auto of_set = [&](std::size_t set) {
    return k < op.sets[set].size() ? op.sets[set][k] : 0.0;
  };
  if (op.set_of_element.empty()) return Tensor::scalar(of_set(0));
  Tensor result{shape, {}};
  for (std::uint32_t set : op.set_of_element) result.values.push_back(of_set(set));
  return result;
}

void write(const Place& place, const Polynomial& op) {
  const auto constant = [&](std::size_t k) {
    return place.constant(fmt::format("c{}", k).c_str(), coefficient(op, k, place.shape));
  };
  const std::size_t degree = op.degree();
  if (degree == 0) {
    const std::string zero = place.constant("zero", Tensor::scalar(0.0));
    return place.chain({{"Mul", zero}, {"Add", constant(0)}});
  }
  std::vector<Step> steps{{"Mul", constant(degree)}};
  for (std::size_t k = degree; k-- > 0;) {
    if (k + 1 < degree) steps.push_back({"Mul", place.inputs[0]});
    if (!all_equal(coefficient(op, k, place.shape), 0.0)) steps.push_back({"Add", constant(k)});
  }
  place.chain(steps);
}

void write(const Place& place, const Power& op) {
  place.chain({{"Pow", place.constant("exponent", Tensor::scalar(op.exponent))}});
}

void write(const Place& place, const Multiply&) {
  place.writer.node("Mul", place.name, {place.inputs[0], place.inputs[1]});
}

void write(const Place& place, const Sum& op) {
  std::vector<std::string> operands = place.inputs;
  if (op.signs == std::array{1.0, -1.0}) {
    place.writer.node("Sub", place.name, operands);
    return;
  }
  for (std::size_t i = 0; i < 2; ++i) {
    if (op.signs[i] == 1.0) continue;
    const std::string sign = place.constant("sign", Tensor::scalar(op.signs[i]));
    const std::string scaled = place.writer.unique(fmt::format("{}/scaled{}", place.name, i));
    operands[i] = place.writer.chain(operands[i], {{"Mul", sign}}, scaled);
  }
  place.writer.node("Add", place.name, operands);
}

void write(const Place& place, const Activation& op) {
  const auto scalar = [&](const char* what, double value) {
    return place.constant(what, Tensor::scalar(value));
  };
  const std::string& x = place.inputs[0];
  switch (op.kind) {
    case ActivationKind::kSilu:
      return place.chain({{"Sigmoid", ""}, {"Mul", x}});
    case ActivationKind::kMish:
      return place.chain({{"Softplus", ""}, {"Tanh", ""}, {"Mul", x}});
    case ActivationKind::kGelu: {
      const std::string half = scalar("half", 0.5);
      return place.chain({{"Mul", scalar("sqrt_half", std::sqrt(0.5))},
                          {"Erf", ""},
                          {"Mul", half},
                          {"Add", half},
                          {"Mul", x}});
    }
    case ActivationKind::kLeakyRelu: {
      auto& attribute = *place.writer.node("LeakyRelu", place.name, {x}).add_attribute();
      attribute.set_name("alpha");
      attribute.set_type(onnx::AttributeProto::FLOAT);
      attribute.set_f(static_cast<float>(op.alpha));
      return;
    }
    default:  // ONNX calls the others what op_name does
      return place.chain({{std::string(op_name(op)), ""}});
  }
}

template <typename Other>
void write(const Place&, const Other&) {
  base::fail(ErrorCode::kUnsupported, "cannot be exported to ONNX");
}

}  // namespace

void write_node(Writer& writer, const Graph& graph, const Node& node, const std::string& name,
                const std::vector<std::string>& inputs) {
  Place place{writer, name, inputs, {}, node.shape};
  for (NodeId id : node.inputs) place.input_shapes.push_back(graph.node(id).shape);
  std::visit([&](const auto& op) { write(place, op); }, node.op);
}

}  // namespace serdab::graph::onnx_export
