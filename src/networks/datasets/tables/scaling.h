#pragma once

#include <span>
#include <string>
#include <vector>

#include "networks/datasets/tables/table.h"

namespace serdab::datasets {

enum class ScalingMethod {
  kMinMax,    ///< 2 (x − low)/(high − low) − 1, so that training values lie in [−1, 1]
  kStandard,  ///< (x − mean)/deviation
};

/// What the training rows say about one column.
struct ColumnStatistics {
  std::size_t column = 0;  ///< index into Table::columns
  std::string name;
  double low = 0.0, high = 0.0;
  double mean = 0.0, deviation = 0.0;  ///< population: divided by the number of rows
};

/// How features become what a network is trained on. A value type; every number is plain, for a
/// caller to store.
struct Scaling {
  ScalingMethod method = ScalingMethod::kMinMax;
  double limit = 1.0;                     ///< scaled values are clamped to [−limit, limit]
  std::vector<ColumnStatistics> columns;  ///< the network's inputs, in the table's order
  std::vector<ColumnStatistics> dropped;  ///< constant over the training rows, not used

  std::size_t width() const { return columns.size(); }
  /// The k-th input is factor(k)·x + offset(k) before clamping.
  double factor(std::size_t k) const;
  double offset(std::size_t k) const;
};

/// Largest standardised value by default: beyond it lies about one in 16,000 of a normal column.
inline constexpr double kStandardLimit = 4.0;

/// Statistics of the given rows alone, which must be the training rows. A column is constant when
/// its values differ by no more than 1e-12 of the largest. The limit of kMinMax is 1. Throws
/// base::Error (kInvalidArgument) if there is no row, if the limit is not positive, or if every
/// column is constant.
Scaling fit_scaling(const Table& table, std::span<const std::size_t> rows, ScalingMethod method,
                    double standard_limit = kStandardLimit);

struct ScaledRows {
  std::vector<double> values;  ///< row after row, scaling.width() each, within ±scaling.limit
  std::size_t clamped = 0;     ///< values that lay outside
};

/// The rows as the network sees them. Test values beyond the training range are clamped to the box;
/// so are training values beyond the limit of kStandard. A network that has factor and offset as
/// its first layer does not clamp.
ScaledRows scale_rows(const Scaling& scaling, const Table& table,
                      std::span<const std::size_t> rows);

/// Scaled values moved from ±scaling.limit to [0, 1], where a compiled network takes its inputs.
/// The network undoes it with a first layer 2·limit·u − limit, the same for all features, which
/// keeps the precision of small features beside large ones.
std::vector<double> to_unit(const Scaling& scaling, std::vector<double> scaled);

/// One row of table.width() features, as a user of the trained network has it.
std::vector<double> scale_row(const Scaling& scaling, std::span<const double> features);

}  // namespace serdab::datasets
