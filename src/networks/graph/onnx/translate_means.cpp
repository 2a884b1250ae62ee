// AveragePool, GlobalAveragePool, ReduceMean.

#include <fmt/format.h>

#include <numeric>

#include "engine/base/error.h"
#include "networks/graph/onnx/internal/translators.h"
#include "networks/graph/onnx/internal/windows.h"

namespace serdab::graph::onnx_import {

using base::ErrorCode;

Value translate_average_pool(Importer& importer) {
  const NodeId x = importer.variable(0);
  const Shape shape = importer.shape(x);
  const auto kernel = importer.ints_attribute("kernel_shape");
  if (!kernel) base::fail(ErrorCode::kCorrupt, "attribute 'kernel_shape' is missing");
  if (shape.size() != 3 || kernel->size() != 2) {
    base::fail(ErrorCode::kUnsupported,
               fmt::format("pools a value of shape {}; only CxHxW is supported", to_string(shape)));
  }
  Shape extents;
  for (std::int64_t extent : *kernel) {
    if (extent < 1 || extent > static_cast<std::int64_t>(kMaxElements)) {
      base::fail(ErrorCode::kCorrupt, fmt::format("kernel_shape holds {}", extent));
    }
    extents.push_back(static_cast<std::size_t>(extent));
  }
  AveragePool pool;
  pool.window = read_window(importer, extents, shape);
  pool.count_padding = importer.int_attribute("count_include_pad", 0) != 0;
  pool.ceil_mode = importer.int_attribute("ceil_mode", 0) != 0;
  return importer.add(pool, {x});
}

Value translate_global_average_pool(Importer& importer) {
  const NodeId x = importer.variable(0);
  const std::size_t rank = importer.shape(x).size();
  if (rank < 2) base::fail(ErrorCode::kCorrupt, "needs an input with channels and positions");
  Mean mean{std::vector<std::size_t>(rank - 1), true};
  std::iota(mean.axes.begin(), mean.axes.end(), std::size_t{1});
  return importer.add(std::move(mean), {x});
}

Value translate_reduce_mean(Importer& importer) {
  const NodeId x = importer.variable(0);
  const auto axes = importer.axes(1, "axes");
  if (!axes || axes->empty()) {
    if (importer.int_attribute("noop_with_empty_axes", 0) != 0) return x;
    base::fail(ErrorCode::kUnsupported, "takes the mean over the batch too; give it axes");
  }
  const std::size_t rank = importer.shape(x).size() + 1;
  return importer.add(Mean{image_axes(*axes, rank), importer.int_attribute("keepdims", 1) != 0},
                      {x});
}

}  // namespace serdab::graph::onnx_import
