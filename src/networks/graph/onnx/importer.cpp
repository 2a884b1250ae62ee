#include "networks/graph/onnx/internal/importer.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/read_tensor.h"

namespace serdab::graph::onnx_import {

using base::ErrorCode;

void Importer::define(const std::string& name, Value value) {
  constexpr std::size_t kMostConstants = std::size_t{1} << 28;
  if (const auto* tensor = std::get_if<Tensor>(&value)) constants_ += tensor->values.size();
  if (constants_ > kMostConstants) {
    base::fail(ErrorCode::kLimit, "the constants of the model have more than 2^28 elements");
  }
  if (!values_.emplace(name, std::move(value)).second) {
    base::fail(ErrorCode::kCorrupt, fmt::format("the value '{}' is defined twice", name));
  }
}

const Value& Importer::lookup(const std::string& name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) {
    base::fail(ErrorCode::kCorrupt,
               fmt::format("uses the value '{}', which nothing before it defines", name));
  }
  return found->second;
}

bool Importer::has_input(std::size_t i) const {
  return i < input_count() && !node_->input(static_cast<int>(i)).empty();
}

const Value& Importer::input(std::size_t i) const {
  if (!has_input(i)) base::fail(ErrorCode::kCorrupt, fmt::format("input {} is missing", i));
  return lookup(node_->input(static_cast<int>(i)));
}

NodeId Importer::variable(std::size_t i) const {
  if (const auto* id = std::get_if<NodeId>(&input(i))) return *id;
  base::fail(ErrorCode::kUnsupported,
             fmt::format("input {} is a constant where the image's value is expected", i));
}

const Tensor& Importer::constant(std::size_t i, const char* what) const {
  if (const auto* tensor = std::get_if<Tensor>(&input(i))) return *tensor;
  base::fail(ErrorCode::kUnsupported,
             fmt::format("{} (input {}) depends on the image; it must be a constant", what, i));
}

bool Importer::all_constant() const {
  for (std::size_t i = 0; i < input_count(); ++i) {
    if (has_input(i) && !is_constant(i)) return false;
  }
  return true;
}

const onnx::AttributeProto* Importer::attribute(const char* name) const {
  for (const auto& attribute : node_->attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

namespace {

void check_type(const onnx::AttributeProto& attribute, onnx::AttributeProto::AttributeType type) {
  if (attribute.type() == type) return;
  base::fail(ErrorCode::kCorrupt,
             fmt::format("attribute '{}' has the wrong type", attribute.name()));
}

}  // namespace

std::int64_t Importer::int_attribute(const char* name, std::int64_t otherwise) const {
  const auto* found = attribute(name);
  if (found == nullptr) return otherwise;
  check_type(*found, onnx::AttributeProto::INT);
  return found->i();
}

double Importer::float_attribute(const char* name, double otherwise) const {
  const auto* found = attribute(name);
  if (found == nullptr) return otherwise;
  check_type(*found, onnx::AttributeProto::FLOAT);
  if (!std::isfinite(found->f())) {
    base::fail(ErrorCode::kCorrupt, fmt::format("attribute '{}' is not finite", name));
  }
  return found->f();
}

std::string Importer::string_attribute(const char* name, const std::string& otherwise) const {
  const auto* found = attribute(name);
  if (found == nullptr) return otherwise;
  check_type(*found, onnx::AttributeProto::STRING);
  return found->s();
}

std::optional<std::vector<std::int64_t>> Importer::ints_attribute(const char* name) const {
  const auto* found = attribute(name);
  if (found == nullptr) return std::nullopt;
  check_type(*found, onnx::AttributeProto::INTS);
  return std::vector<std::int64_t>(found->ints().begin(), found->ints().end());
}

std::optional<std::vector<std::int64_t>> Importer::axes(std::size_t i, const char* name) const {
  if (has_input(i)) return to_integers(constant(i, name));
  return ints_attribute(name);
}

NodeId Importer::add(Op op, std::vector<NodeId> inputs) {
  return add("", std::move(op), std::move(inputs));
}

NodeId Importer::add(const std::string& suffix, Op op, std::vector<NodeId> inputs) {
  return graph_.add(display_name(*node_) + suffix, std::move(op), std::move(inputs));
}

std::string display_name(const onnx::NodeProto& node) {
  if (!node.name().empty()) return node.name();
  return node.output_size() > 0 ? node.output(0) : "unnamed";
}

std::vector<std::int64_t> to_integers(const Tensor& tensor) {
  std::vector<std::int64_t> result;
  for (double value : tensor.values) {
    if (value != std::floor(value) || std::abs(value) > 9.3e18) {
      base::fail(ErrorCode::kCorrupt, fmt::format("{} stands where an integer is expected", value));
    }
    // ONNX writes "to the end" as the largest int64, which a double rounds up to 2^63.
    const double bounded = std::clamp(value, -0x1p62, 0x1p62);
    result.push_back(static_cast<std::int64_t>(bounded));
  }
  return result;
}

std::size_t normal_axis(std::int64_t axis, std::size_t rank) {
  const auto signed_rank = static_cast<std::int64_t>(rank);
  if (axis < -signed_rank || axis >= signed_rank) {
    base::fail(ErrorCode::kCorrupt, fmt::format("axis {} of a value of rank {}", axis, rank));
  }
  return static_cast<std::size_t>(axis < 0 ? axis + signed_rank : axis);
}

std::vector<std::size_t> image_axes(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<std::size_t> result;
  for (std::int64_t axis : axes) {
    const std::size_t normal = normal_axis(axis, rank);
    if (normal == 0) {
      base::fail(ErrorCode::kUnsupported, "works across the batch; images must stay independent");
    }
    result.push_back(normal - 1);
  }
  std::sort(result.begin(), result.end());
  if (std::adjacent_find(result.begin(), result.end()) != result.end()) {
    base::fail(ErrorCode::kCorrupt, "names an axis twice");
  }
  return result;
}

Tensor without_batch(const Tensor& tensor, const Shape& beside) {
  Tensor result = tensor;
  if (result.shape.size() == beside.size() + 1 && result.shape[0] == 1) {
    result.shape.erase(result.shape.begin());
  }
  return result;
}

}  // namespace serdab::graph::onnx_import
