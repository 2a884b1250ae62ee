#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "networks/datasets/tables/table.h"

namespace serdab::datasets {

// Everything here depends on its arguments alone: the same seed gives the same rows on every
// machine.

/// Row numbers, ascending.
struct Fold {
  std::vector<std::size_t> training, test;
};

/// Cuts the rows into `folds` test parts whose sizes, and counts of every class, differ by at most
/// one; each fold trains on the others. Throws base::Error (kInvalidArgument) for fewer than two
/// folds, or when a class has fewer rows than there are folds (names it).
std::vector<Fold> stratified_folds(const Table& table, std::size_t folds, std::uint64_t seed);

/// One weight per class, inverse to its frequency among the labels; over the rows their mean is 1.
/// Throws base::Error (kInvalidArgument) if a class has no row.
std::vector<double> class_weights(std::span<const int> labels, std::size_t classes);

/// Numbers from 0 to rows − 1 for each of `steps` steps. Every pass through the rows is a new
/// random order cut into batches of exactly `size`; the rows left at its end wait for the next
/// pass. With size 0 or `rows` every batch is all rows in order. Throws base::Error
/// (kInvalidArgument) if size exceeds the rows, or there are none.
std::vector<std::vector<std::size_t>> mini_batches(std::size_t rows, std::size_t size,
                                                   std::size_t steps, std::uint64_t seed);

}  // namespace serdab::datasets
