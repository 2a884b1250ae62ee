#include "networks/graph/onnx/internal/read_tensor.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <cstring>

#include "engine/base/error.h"

namespace serdab::graph::onnx_import {
namespace {

using base::ErrorCode;
using onnx::TensorProto;

Shape read_dims(const TensorProto& proto) {
  Shape shape;
  for (std::int64_t dim : proto.dims()) {
    if (dim < 0) base::fail(ErrorCode::kCorrupt, fmt::format("tensor dimension {}", dim));
    shape.push_back(static_cast<std::size_t>(dim));
  }
  return shape;
}

double half_to_double(std::uint16_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1.0 : 1.0;
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  if (exponent == 31) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, -24);
  return sign * std::ldexp(mantissa + 1024, exponent - 25);
}

double bfloat_to_double(std::uint16_t bits) {
  const std::uint32_t wide = std::uint32_t{bits} << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

void check_count(std::size_t present, std::size_t count) {
  if (present == count) return;
  base::fail(ErrorCode::kCorrupt,
             fmt::format("holds {} values where its dimensions say {}", present, count));
}

template <typename T, typename Convert>
std::vector<double> from_raw(const std::string& raw, std::size_t count, Convert convert) {
  if (raw.size() % sizeof(T) != 0) {
    base::fail(ErrorCode::kCorrupt, "raw_data ends inside a value");
  }
  check_count(raw.size() / sizeof(T), count);
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, raw.data() + i * sizeof(T), sizeof(T));
    values[i] = convert(value);
  }
  return values;
}

template <typename T>
std::vector<double> from_raw(const std::string& raw, std::size_t count) {
  return from_raw<T>(raw, count, [](T value) { return static_cast<double>(value); });
}

template <typename Field>
std::vector<double> from_field(const Field& field, std::size_t count) {
  check_count(static_cast<std::size_t>(field.size()), count);
  return {field.begin(), field.end()};
}

std::vector<double> read_raw(const TensorProto& proto, std::size_t count) {
  const std::string& raw = proto.raw_data();
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return from_raw<float>(raw, count);
    case TensorProto::DOUBLE:
      return from_raw<double>(raw, count);
    case TensorProto::FLOAT16:
      return from_raw<std::uint16_t>(raw, count, half_to_double);
    case TensorProto::BFLOAT16:
      return from_raw<std::uint16_t>(raw, count, bfloat_to_double);
    case TensorProto::INT64:
      return from_raw<std::int64_t>(raw, count);
    case TensorProto::INT32:
      return from_raw<std::int32_t>(raw, count);
    case TensorProto::INT16:
      return from_raw<std::int16_t>(raw, count);
    case TensorProto::INT8:
      return from_raw<std::int8_t>(raw, count);
    case TensorProto::UINT8:
      return from_raw<std::uint8_t>(raw, count);
    case TensorProto::BOOL:
      return from_raw<std::uint8_t>(raw, count);
    default:
      break;
  }
  base::fail(ErrorCode::kUnsupported, fmt::format("element type {}", proto.data_type()));
}

std::vector<double> read_fields(const TensorProto& proto, std::size_t count) {
  switch (proto.data_type()) {
    case TensorProto::FLOAT:
      return from_field(proto.float_data(), count);
    case TensorProto::DOUBLE:
      return from_field(proto.double_data(), count);
    case TensorProto::INT64:
      return from_field(proto.int64_data(), count);
    case TensorProto::INT32:
    case TensorProto::INT16:
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::BOOL:
      return from_field(proto.int32_data(), count);
    case TensorProto::FLOAT16: {
      auto values = from_field(proto.int32_data(), count);
      for (double& value : values) value = half_to_double(static_cast<std::uint16_t>(value));
      return values;
    }
    default:
      break;
  }
  base::fail(ErrorCode::kUnsupported, fmt::format("element type {}", proto.data_type()));
}

}  // namespace

Tensor read_tensor(const TensorProto& proto) {
  try {
    if (proto.data_location() == TensorProto::EXTERNAL || proto.external_data_size() > 0) {
      base::fail(ErrorCode::kUnsupported,
                 "its data lie in another file; save the model with all data inside");
    }
    Tensor tensor{read_dims(proto), {}};
    const std::size_t count = element_count(tensor.shape);
    tensor.values = proto.has_raw_data() ? read_raw(proto, count) : read_fields(proto, count);
    for (double value : tensor.values) {
      if (!std::isfinite(value))
        base::fail(ErrorCode::kCorrupt, "holds a value that is not finite");
    }
    return tensor;
  } catch (const base::Error& error) {
    base::fail(error.code(), fmt::format("tensor '{}': {}", proto.name(), error.what()));
  }
}

}  // namespace serdab::graph::onnx_import
