#pragma once

#include <utility>
#include <vector>

#include "networks/graph/ops.h"
#include "networks/packing/sparse_matrix.h"

/// The matrix of every linear graph operation on flattened values (row-major), and its constant
/// part.
namespace serdab::compiler {

packing::SparseMatrix conv_map(const graph::Conv& op, const graph::Shape& from,
                               const graph::Shape& to);
std::vector<double> conv_bias(const graph::Conv& op, const graph::Shape& to);
packing::SparseMatrix dense_map(const graph::Dense& op, const graph::Shape& from);
std::vector<double> dense_bias(const graph::Dense& op, const graph::Shape& to);
/// Factor and offset of every element.
std::pair<std::vector<double>, std::vector<double>> batch_norm_line(const graph::BatchNorm& op,
                                                                    const graph::Shape& shape);
packing::SparseMatrix pool_map(const graph::AveragePool& op, const graph::Shape& from,
                               const graph::Shape& to);
packing::SparseMatrix mean_map(const graph::Mean& op, const graph::Shape& from);
packing::SparseMatrix pad_map(const graph::Pad& op, const graph::Shape& from,
                              const graph::Shape& to);
std::vector<double> pad_bias(const graph::Pad& op, const graph::Shape& from,
                             const graph::Shape& to);
packing::SparseMatrix concat_map(const graph::Concat& op, const graph::Shape& from,
                                 std::size_t offset, const graph::Shape& to);
/// factor·x repeated along broadcast axes.
packing::SparseMatrix broadcast_map(const graph::Shape& from, const graph::Shape& to,
                                    double factor);

}  // namespace serdab::compiler
