#include "networks/datasets/tables/folds.h"

#include <numeric>
#include <random>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

using base::ErrorCode;

/// Uniform in [0, bound). The standard library's distributions differ between implementations.
std::size_t below(std::size_t bound, std::mt19937_64& random) {
  const std::uint64_t range = bound, unfair = (0 - range) % range;  // 2^64 mod range
  std::uint64_t drawn = random();
  while (drawn < unfair) drawn = random();
  return static_cast<std::size_t>(drawn % range);
}

void shuffle(std::vector<std::size_t>& values, std::mt19937_64& random) {
  for (std::size_t i = values.size(); i > 1; --i)
    std::swap(values[i - 1], values[below(i, random)]);
}

std::vector<std::size_t> all_rows(std::size_t rows) {
  std::vector<std::size_t> result(rows);
  std::iota(result.begin(), result.end(), 0);
  return result;
}

/// The fold of every row: the shuffled rows of one class after another are dealt out in turn.
std::vector<std::size_t> deal(const Table& table, std::size_t folds, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::size_t> fold_of(table.rows());
  std::size_t next = 0;
  for (std::size_t c = 0; c < table.classes.size(); ++c) {
    std::vector<std::size_t> members;
    for (std::size_t row = 0; row < table.rows(); ++row) {
      if (table.labels[row] == static_cast<int>(c)) members.push_back(row);
    }
    if (members.size() < folds) {
      base::fail(ErrorCode::kInvalidArgument,
                 "class '" + table.classes[c] + "' has " + std::to_string(members.size()) +
                     " rows, fewer than the " + std::to_string(folds) +
                     " folds; take fewer folds or leave the class out");
    }
    shuffle(members, random);
    for (std::size_t row : members) fold_of[row] = next++ % folds;
  }
  return fold_of;
}

}  // namespace

std::vector<Fold> stratified_folds(const Table& table, std::size_t folds, std::uint64_t seed) {
  base::require(folds >= 2, ErrorCode::kInvalidArgument,
                "cross-validation needs at least two folds");
  const std::vector<std::size_t> fold_of = deal(table, folds, seed);
  std::vector<Fold> result(folds);
  for (std::size_t row = 0; row < table.rows(); ++row) {
    for (std::size_t f = 0; f < folds; ++f) {
      (fold_of[row] == f ? result[f].test : result[f].training).push_back(row);
    }
  }
  return result;
}

std::vector<double> class_weights(std::span<const int> labels, std::size_t classes) {
  std::vector<double> counts(classes);
  for (int label : labels) counts.at(static_cast<std::size_t>(label)) += 1;
  std::vector<double> weights;
  for (double count : counts) {
    base::require(count > 0, ErrorCode::kInvalidArgument, "a class has no training rows to weigh");
    weights.push_back(static_cast<double>(labels.size()) / (static_cast<double>(classes) * count));
  }
  return weights;
}

std::vector<std::vector<std::size_t>> mini_batches(std::size_t rows, std::size_t size,
                                                   std::size_t steps, std::uint64_t seed) {
  if (rows == 0 || size > rows) {
    base::fail(ErrorCode::kInvalidArgument, "mini-batches of " + std::to_string(size) +
                                                " rows from " + std::to_string(rows) +
                                                " training rows");
  }
  if (size == 0 || size == rows) return {steps, all_rows(rows)};
  std::mt19937_64 random(seed);
  std::vector<std::vector<std::size_t>> result;
  std::vector<std::size_t> order;
  std::size_t used = rows;
  while (result.size() < steps) {
    if (used + size > rows) {
      order = all_rows(rows);
      shuffle(order, random);
      used = 0;
    }
    const auto first = order.begin() + static_cast<std::ptrdiff_t>(used);
    result.emplace_back(first, first + static_cast<std::ptrdiff_t>(size));
    used += size;
  }
  return result;
}

}  // namespace serdab::datasets
