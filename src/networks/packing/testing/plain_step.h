#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "networks/packing/slot_layout.h"

/// Plain arithmetic that the encrypted matrix algorithms are compared with. For tests.
namespace serdab::packing {

inline std::vector<double> random_values(std::size_t count, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> values(count);
  for (double& v : values) v = normal(random);
  return values;
}

/// Numbers at all rows of a layout, 0 where nothing stands.
inline std::vector<double> place(const SlotLayout& layout, const std::vector<double>& values) {
  std::vector<double> slots(std::size_t{layout.ciphertexts} * layout.positions);
  for (std::size_t e = 0; e < layout.elements(); ++e) {
    for (const std::uint32_t row : layout.of(e)) slots[row] = values[e];
  }
  return slots;
}

/// All rows of every element hold its value; rows without one may hold anything.
inline void expect_placed(const SlotLayout& layout, const std::vector<double>& slots,
                          const std::vector<double>& values) {
  ASSERT_EQ(values.size(), layout.elements());
  ASSERT_EQ(slots.size(), std::size_t{layout.ciphertexts} * layout.positions);
  for (std::size_t e = 0; e < values.size(); ++e) {
    for (const std::uint32_t row : layout.of(e)) {
      ASSERT_NEAR(slots[row], values[e], 1e-10) << "element " << e << ", row " << row;
    }
  }
}

/// One layer's forward, backward and update on samples.
struct PlainStep {
  std::size_t rows, cols, samples;
  double rate;
  std::vector<double> w, x, d;  ///< rows·cols; sample·cols + col; sample·rows + row

  PlainStep(std::size_t row_count, std::size_t col_count, std::size_t sample_count,
            std::mt19937_64& random)
      : rows(row_count),
        cols(col_count),
        samples(sample_count),
        rate(0.125),
        w(random_values(rows * cols, random)),
        x(random_values(samples * cols, random)),
        d(random_values(samples * rows, random)) {}

  std::map<std::string, std::vector<double>> expected() const {
    std::vector<double> y(samples * rows), z(samples * cols), next = w;
    for (std::size_t s = 0; s < samples; ++s) {
      for (std::size_t r = 0; r < rows; ++r) {
        for (std::size_t c = 0; c < cols; ++c) {
          y[s * rows + r] += w[r * cols + c] * x[s * cols + c];
          z[s * cols + c] += w[r * cols + c] * d[s * rows + r];
          next[r * cols + c] -= rate * d[s * rows + r] * x[s * cols + c];
        }
      }
    }
    return {{"y", y}, {"z", z}, {"W'", next}};
  }
};

}  // namespace serdab::packing
