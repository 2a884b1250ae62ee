#include "networks/datasets/tables/scaling.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

using base::ErrorCode;

ColumnStatistics measure(const Table& table, std::span<const std::size_t> rows,
                         std::size_t column) {
  const auto at = [&](std::size_t row) { return table.row(row)[column]; };
  ColumnStatistics s{column, table.columns[column], at(rows[0]), at(rows[0])};
  const auto count = static_cast<double>(rows.size());
  for (std::size_t row : rows) {
    s.low = std::min(s.low, at(row));
    s.high = std::max(s.high, at(row));
    s.mean += at(row) / count;
  }
  double variance = 0.0;
  for (std::size_t row : rows) variance += (at(row) - s.mean) * (at(row) - s.mean) / count;
  s.deviation = std::sqrt(variance);
  return s;
}

bool is_constant(const ColumnStatistics& s) {
  // The second bound keeps factors finite for columns of vanishing numbers.
  const double spread = s.high - s.low;
  return spread <= 1e-12 * std::max(std::abs(s.low), std::abs(s.high)) || spread < 1e-100;
}

double clamp_counting(double value, double limit, std::size_t& clamped) {
  // Training values reach ±1 up to rounding; that is not counted.
  clamped += std::abs(value) > limit * (1 + 1e-12);
  return std::clamp(value, -limit, limit);
}

void append_scaled(const Scaling& scaling, std::span<const double> features, ScaledRows& result) {
  for (std::size_t k = 0; k < scaling.width(); ++k) {
    const double scaled =
        scaling.factor(k) * features[scaling.columns[k].column] + scaling.offset(k);
    result.values.push_back(clamp_counting(scaled, scaling.limit, result.clamped));
  }
}

}  // namespace

double Scaling::factor(std::size_t k) const {
  const ColumnStatistics& s = columns[k];
  return method == ScalingMethod::kMinMax ? 2.0 / (s.high - s.low) : 1.0 / s.deviation;
}

double Scaling::offset(std::size_t k) const {
  const ColumnStatistics& s = columns[k];
  const double center = method == ScalingMethod::kMinMax ? s.low / 2 + s.high / 2 : s.mean;
  return -factor(k) * center;
}

Scaling fit_scaling(const Table& table, std::span<const std::size_t> rows, ScalingMethod method,
                    double standard_limit) {
  base::require(!rows.empty(), ErrorCode::kInvalidArgument, "no training rows to scale by");
  base::require(standard_limit > 0, ErrorCode::kInvalidArgument,
                "the limit of standardised values must be positive");
  Scaling scaling{method, method == ScalingMethod::kMinMax ? 1.0 : standard_limit, {}, {}};
  for (std::size_t column = 0; column < table.width(); ++column) {
    ColumnStatistics s = measure(table, rows, column);
    (is_constant(s) ? scaling.dropped : scaling.columns).push_back(std::move(s));
  }
  base::require(scaling.width() > 0, ErrorCode::kInvalidArgument,
                "every feature is constant over the training rows");
  return scaling;
}

ScaledRows scale_rows(const Scaling& scaling, const Table& table,
                      std::span<const std::size_t> rows) {
  ScaledRows result;
  result.values.reserve(rows.size() * scaling.width());
  for (std::size_t row : rows) append_scaled(scaling, table.row(row), result);
  return result;
}

std::vector<double> to_unit(const Scaling& scaling, std::vector<double> scaled) {
  for (double& value : scaled) value = (value / scaling.limit + 1) / 2;
  return scaled;
}

std::vector<double> scale_row(const Scaling& scaling, std::span<const double> features) {
  base::require(features.size() == scaling.columns.size() + scaling.dropped.size(),
                ErrorCode::kInvalidArgument, "the row has another number of features");
  ScaledRows result;
  append_scaled(scaling, features, result);
  return result.values;
}

}  // namespace serdab::datasets
