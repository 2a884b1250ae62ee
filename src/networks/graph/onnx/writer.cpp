#include "networks/graph/onnx/internal/writer.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"

namespace serdab::graph::onnx_export {
namespace {

onnx::TensorProto::DataType data_type(ElementType type) {
  return type == ElementType::kDouble ? onnx::TensorProto::DOUBLE : onnx::TensorProto::FLOAT;
}

}  // namespace

std::string Writer::unique(const std::string& wanted) {
  std::string name = wanted;
  for (int i = 2; !taken_.insert(name).second; ++i) name = fmt::format("{}_{}", wanted, i);
  return name;
}

std::string Writer::constant(const std::string& wanted, const Tensor& tensor) {
  onnx::TensorProto& proto = *graph_.add_initializer();
  proto.set_name(unique(wanted));
  proto.set_data_type(data_type(type_));
  for (std::size_t extent : tensor.shape) proto.add_dims(static_cast<std::int64_t>(extent));
  for (double value : tensor.values) {
    const auto rounded = static_cast<float>(value);
    const bool fits = type_ == ElementType::kDouble ? std::isfinite(value) : std::isfinite(rounded);
    if (!fits) {
      base::fail(base::ErrorCode::kInvalidArgument,
                 fmt::format("the constant '{}' holds {}, which cannot be written", wanted, value));
    }
    if (type_ == ElementType::kDouble) {
      proto.add_double_data(value);
    } else {
      proto.add_float_data(rounded);
    }
  }
  return proto.name();
}

onnx::NodeProto& Writer::node(std::string_view op_type, const std::string& name,
                              const std::vector<std::string>& inputs) {
  onnx::NodeProto& node = *graph_.add_node();
  node.set_op_type(std::string(op_type));
  node.set_name(name);
  node.add_output(name);
  for (const std::string& input : inputs) node.add_input(input);
  return node;
}

std::string Writer::chain(const std::string& x, const std::vector<Step>& steps,
                          const std::string& name) {
  if (steps.empty()) node("Identity", name, {x});
  std::string value = x;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const bool last = i + 1 == steps.size();
    const std::string result = last ? name : unique(fmt::format("{}/{}", name, i));
    std::vector<std::string> inputs{value};
    if (!steps[i].operand.empty()) inputs.push_back(steps[i].operand);
    node(steps[i].op_type, result, inputs);
    value = result;
  }
  return name;
}

void Writer::describe(onnx::ValueInfoProto& info, const std::string& name,
                      const Shape& shape) const {
  info.set_name(name);
  auto& tensor = *info.mutable_type()->mutable_tensor_type();
  tensor.set_elem_type(data_type(type_));
  tensor.mutable_shape()->add_dim()->set_dim_param("batch");
  for (std::size_t extent : shape) {
    tensor.mutable_shape()->add_dim()->set_dim_value(static_cast<std::int64_t>(extent));
  }
}

}  // namespace serdab::graph::onnx_export
