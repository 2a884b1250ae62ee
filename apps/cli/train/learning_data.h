#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "networks/datasets/tables/scaling.h"
#include "networks/datasets/tables/table.h"
#include "networks/training/plan.h"
#include "train/options.h"

namespace serdab::cli::train {

/// Rows as the network sees them.
struct ScaledSet {
  std::vector<double> features;  ///< row after row
  std::vector<std::uint32_t> labels;
  std::size_t clamped = 0;  ///< values beyond the training rows' range

  std::size_t rows() const { return labels.size(); }
};

/// A table cut in two, scaled by what the training rows alone say.
struct LearningData {
  datasets::Scaling scaling;
  std::vector<std::size_t> inputs;  ///< table columns that the network reads
  ScaledSet training, test;
  std::vector<std::vector<std::size_t>> batches;  ///< training rows of each
  std::vector<double> class_weights;              ///< empty without --class-weights
};

/// Rows of a step, and how many different ones: one pass through the rows where they divide evenly,
/// else four passes in different orders. Throws base::Error(kInvalidArgument) for a batch of more
/// rows than there are.
TaskShape shape_batches(const TrainOptions& options, std::size_t rows);

/// Columns that are not the same in all rows.
std::vector<std::size_t> varying_columns(const datasets::Table& table,
                                         std::span<const std::size_t> rows);

/// `inputs` that are constant over the training rows are 0 everywhere.
LearningData prepare(const datasets::Table& table, std::span<const std::size_t> training,
                     std::span<const std::size_t> test, std::vector<std::size_t> inputs,
                     const TrainOptions& options, const TaskShape& shape, std::uint64_t seed);

ScaledSet scale_set(const datasets::Scaling& scaling, const std::vector<std::size_t>& inputs,
                    const datasets::Table& table, std::span<const std::size_t> rows);

/// What the server gets of one batch, before encryption.
training::Tensors batch_of(const training::Task& task, const LearningData& data, std::size_t batch);

/// Loss and share of right labels.
struct Score {
  double loss = 0, accuracy = 0;
  std::size_t right = 0;
};
/// Of a network with these weights ("w1", …, or where they are missing "v1", …).
Score score(const training::Task& task, const training::Tensors& weights, const ScaledSet& rows);

}  // namespace serdab::cli::train
