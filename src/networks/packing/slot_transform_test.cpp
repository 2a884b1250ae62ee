#include "networks/packing/slot_transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

using Slots = std::vector<double>;

// Positions that hold nothing are filled with noise: nobody may read them.
Slots fill(const SlotLayout& layout, const std::vector<double>& x, std::mt19937_64& random) {
  std::normal_distribution<double> normal(0, 100);
  Slots slots(std::size_t{layout.positions} * layout.ciphertexts);
  for (double& s : slots) s = normal(random);
  for (std::size_t e = 0; e < layout.elements(); ++e) {
    for (const std::uint32_t row : layout.of(e)) slots[row] = x[e];
  }
  return slots;
}

Slots run(const SlotTransform& transform, const OutputForm& form, const Slots& x) {
  const std::uint32_t positions = transform.positions;
  Slots y(std::size_t{positions} * transform.outputs);
  for (const SlotDiagonal& d : transform.diagonals) {
    for (std::size_t i = 0; i < d.positions.size(); ++i) {
      for (std::uint32_t p = d.positions[i]; p < positions; p += transform.period()) {
        y[d.output * positions + p] +=
            d.weights[i] * x[d.input * positions + (p + d.shift) % positions];
      }
    }
  }
  for (const std::uint32_t shift : form.rotations()) {
    const Slots before = y;
    for (std::size_t i = 0; i < y.size(); ++i) {
      y[i] += before[i - i % positions + (i + shift) % positions];
    }
  }
  return y;
}

// A convolution as a matrix on channel x row x column vectors.
struct Convolution {
  std::size_t in_channels, out_channels, size, kernel, stride, padding, dilation, groups;
  std::size_t out_size() const {
    return (size + 2 * padding - dilation * (kernel - 1) - 1) / stride + 1;
  }
};

SparseMatrix matrix_of(const Convolution& c, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  SparseBuilder builder(c.in_channels * c.size * c.size);
  std::vector<double> weights(c.out_channels * c.in_channels * c.kernel * c.kernel);
  for (double& w : weights) w = std::round(normal(random) * 64) / 64;
  const std::size_t in_group = c.in_channels / c.groups;
  for (std::size_t o = 0; o < c.out_channels; ++o) {
    for (std::size_t y = 0; y < c.out_size(); ++y) {
      for (std::size_t x = 0; x < c.out_size(); ++x) {
        for (std::size_t k = 0; k < in_group; ++k) {
          const std::size_t i = o / (c.out_channels / c.groups) * in_group + k;
          for (std::size_t a = 0; a < c.kernel; ++a) {
            for (std::size_t b = 0; b < c.kernel; ++b) {
              const std::size_t row = y * c.stride + a * c.dilation - c.padding;
              const std::size_t column = x * c.stride + b * c.dilation - c.padding;
              if (row >= c.size || column >= c.size) continue;  // wraps below 0 as well
              builder.add((i * c.size + row) * c.size + column,
                          weights[((o * c.in_channels + i) * c.kernel + a) * c.kernel + b]);
            }
          }
        }
        builder.end_row();
      }
    }
  }
  return builder.finish();
}

std::vector<double> random_vector(std::size_t size, std::mt19937_64& random) {
  std::normal_distribution<double> normal;
  std::vector<double> x(size);
  for (double& v : x) v = normal(random);
  return x;
}

void expect_same_map(const SparseMatrix& a, const SlotLayout& in, const OutputForm& form,
                     const ShiftOrder& order = {}) {
  std::mt19937_64 random(5);
  const std::vector<double> x = random_vector(a.cols, random);
  const std::vector<double> truth = apply_map(a, x);
  const SlotTransform transform = slot_transform(a, in, form, order);
  const Slots y = run(transform, form, fill(in, x, random));
  const SlotLayout out = form.result();
  for (std::size_t e = 0; e < out.elements(); ++e) {
    for (const std::uint32_t row : out.of(e)) ASSERT_NEAR(y[row], truth[e], 1e-4) << e;
  }
  const ShiftCount count = count_shifts(a, in, form, order);
  EXPECT_EQ(count.diagonals, transform.diagonals.size());
}

// Channels four to a block in the gaps that a stride leaves, once and with replicas around.
TEST(SlotTransform, IsTheConvolutionBetweenFoldedGrids) {
  std::mt19937_64 random(2);
  const SparseMatrix down = matrix_of({4, 8, 8, 3, 2, 1, 1, 1}, random);
  const SparseMatrix same = matrix_of({8, 8, 4, 3, 1, 1, 1, 1}, random);
  for (const std::uint32_t replicas : {1u, 4u}) {
    const Grid in{4, 8, 8, 64, 8, 1, 4, 4 * (replicas > 1 ? 4u : 1u)};
    const Grid folded{8, 4, 4, 64, 16, 2, 2, 2 * (replicas > 1 ? 8u : 1u), 2, 2};
    const SlotLayout from = layout_of(in, 1024), to = layout_of(folded, 1024);
    expect_same_map(down, from, {to, 1, 0});
    expect_same_map(same, to, {to, 1, 0});
    if (replicas == 1) continue;
    EXPECT_EQ(slot_transform(same, to, {to, 1, 0}).repeats, 8u);
    // Taps −1, 0, 1 of places two apart between channels one apart: seven shifts each way.
    EXPECT_EQ(slot_transform(same, to, {to, 1, 0}).diagonals.size(), 7u * 7u * 2u);
  }
}

TEST(SlotTransform, IsTheConvolutionBetweenGrids) {
  const Convolution cases[] = {{2, 3, 8, 3, 1, 1, 1, 1}, {2, 4, 8, 3, 2, 1, 1, 1},
                               {4, 4, 8, 3, 1, 1, 1, 4}, {4, 6, 9, 3, 1, 2, 2, 2},
                               {3, 2, 8, 2, 2, 0, 1, 1}, {1, 5, 9, 5, 2, 0, 1, 1}};
  for (const Convolution& c : cases) {
    std::mt19937_64 random(1);
    const SparseMatrix a = matrix_of(c, random);
    Grid in;
    in.channels = in.period = static_cast<std::uint32_t>(c.in_channels);
    in.height = in.width = in.row = static_cast<std::uint32_t>(c.size);
    in.block = 96;
    in.blocks = in.channels;
    const auto out_size = static_cast<std::uint32_t>(c.out_size());
    // With the gaps that the stride leaves, and compact.
    for (const bool gaps : {true, false}) {
      Grid out;
      out.channels = out.period = out.blocks = static_cast<std::uint32_t>(c.out_channels);
      out.height = out.width = out_size;
      out.column = gaps ? static_cast<std::uint32_t>(c.stride) : 1;
      out.row = gaps ? in.row * out.column : out_size;
      out.block = 112;
      expect_same_map(a, layout_of(in, 1024), {layout_of(out, 1024), 1, 0});
    }
  }
}

TEST(SlotTransform, GapsOfAStrideNeedOneDiagonalATap) {
  std::mt19937_64 random(2);
  const SparseMatrix a = matrix_of({1, 1, 12, 3, 2, 0, 1, 1}, random);
  const Grid in{1, 12, 12, 144, 12, 1, 1, 1};
  const Grid out{1, 5, 5, 144, 24, 2, 1, 1};
  EXPECT_EQ(count_shifts(a, layout_of(in, 256), {layout_of(out, 256), 1, 0}).shifts.size(), 9u);
}

TEST(SlotTransform, WorksAcrossSeveralCiphertexts) {
  std::mt19937_64 random(3);
  const SparseMatrix a = matrix_of({4, 6, 6, 3, 1, 1, 1, 1}, random);
  const Grid in{4, 6, 6, 64, 6, 1, 4, 4};
  const Grid out{6, 6, 6, 64, 6, 1, 6, 6};
  const SlotLayout from = layout_of(in, 128, 2);
  const OutputForm to{layout_of(out, 128, 3), 1, 0};
  expect_same_map(a, from, to);
  const SlotTransform transform = slot_transform(a, from, to);
  EXPECT_EQ(transform.inputs, 2u);
  EXPECT_EQ(transform.outputs, 3u);
}

// Shifts around all images; what an output reads is of its own image, however near its edge.
TEST(SlotTransform, ImagesSideBySideStayApart) {
  std::mt19937_64 random(9);
  constexpr std::uint32_t kPositions = 64, kImages = 4, kPlaces = kPositions * kImages;
  const SparseMatrix a = matrix_of({4, 6, 6, 3, 1, 1, 1, 1}, random);
  const SlotLayout in = layout_of({4, 6, 6, 64, 6, 1, 4, 4}, kPositions, 4);
  const OutputForm out{layout_of({6, 6, 6, 64, 6, 1, 6, 6}, kPositions, 6), 1, 0};
  const SlotTransform transform = slot_transform(a, in, out, {1, kImages});
  EXPECT_EQ(transform.images, kImages);
  EXPECT_EQ(transform.repeats, 1u);
  EXPECT_EQ(transform.diagonals.size(), 4u * 6u * 9u);
  EXPECT_EQ(count_shifts(a, in, out, {1, kImages}).diagonals, transform.diagonals.size());
  EXPECT_EQ(count_shifts(a, in, out, {1, kImages}).shifts.back(), kPlaces - 1);
  std::vector<std::vector<double>> truth;
  Slots x(4 * kPlaces), y(6 * kPlaces);
  for (std::uint32_t i = 0; i < kImages; ++i) {
    const std::vector<double> image = random_vector(a.cols, random);
    truth.push_back(apply_map(a, image));
    const Slots filled = fill(in, image, random);
    for (std::uint32_t c = 0; c < 4; ++c) {
      std::copy_n(filled.begin() + c * kPositions, kPositions,
                  x.begin() + c * kPlaces + i * kPositions);
    }
  }
  for (const SlotDiagonal& d : transform.diagonals) {
    for (std::size_t k = 0; k < d.positions.size(); ++k) {
      for (std::uint32_t p = d.positions[k]; p < kPlaces; p += kPositions) {
        y[d.output * kPlaces + p] += d.weights[k] * x[d.input * kPlaces + (p + d.shift) % kPlaces];
      }
    }
  }
  for (std::uint32_t i = 0; i < kImages; ++i) {
    for (std::size_t e = 0; e < a.rows; ++e) {
      const std::uint32_t row = out.sums.of(e).front();
      const std::size_t place = row / kPositions * kPlaces + i * kPositions + row % kPositions;
      ASSERT_NEAR(y[place], truth[i][e], 1e-4) << i << ", " << e;
    }
  }
  EXPECT_THROW(slot_transform(a, in, {out.sums, 2, 1}, {1, kImages}), base::Error);
}

SparseMatrix dense(std::size_t rows, std::size_t cols, std::mt19937_64& random) {
  SparseBuilder builder(cols);
  std::normal_distribution<double> normal;
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < cols; ++c) builder.add(c, normal(random));
    builder.end_row();
  }
  return builder.finish();
}

TEST(SlotTransform, PartialSumsAddUp) {
  std::mt19937_64 random(4);
  const SparseMatrix a = dense(10, 100, random);
  const SlotLayout in = layout_of({100, 1, 1, 1, 1, 1, 128, 1024}, 1024);
  // Groups that follow one another, groups between the elements, and groups all around.
  expect_same_map(a, in, {layout_of({10, 1, 1, 1, 1, 1, 10, 10}, 1024), 4, 16});
  expect_same_map(a, in, {layout_of({10, 1, 1, 8, 1, 1, 10, 10}, 1024), 8, 1}, {8});
  const OutputForm cyclic{layout_of({10, 1, 1, 1, 1, 1, 16, 10}, 1024), 64, 16};
  expect_same_map(a, in, cyclic);
  EXPECT_TRUE(cyclic.cyclic());
  EXPECT_EQ(cyclic.result().of(3).size(), 64u);
  EXPECT_LE(count_shifts(a, in, cyclic).shifts.size(), 16u);
}

TEST(SlotTransform, CyclicSumsLeaveNothingPartial) {
  std::mt19937_64 random(6);
  const SparseMatrix a = dense(10, 60, random);
  const SlotLayout in = layout_of({60, 1, 1, 1, 1, 1, 60, 60}, 256);
  const OutputForm form{layout_of({10, 1, 1, 1, 1, 1, 16, 10}, 256), 16, 16};
  const std::vector<double> x = random_vector(60, random);
  const std::vector<double> truth = apply_map(a, x);
  const Slots y = run(slot_transform(a, in, form), form, fill(in, x, random));
  for (std::size_t p = 0; p < y.size(); ++p) {
    EXPECT_NEAR(y[p], p % 16 < 10 ? truth[p % 16] : 0.0, 1e-4) << p;
  }
}

TEST(SlotTransform, RefusesLayoutsThatAreNotTheMaps) {
  std::mt19937_64 random(7);
  const SparseMatrix a = dense(4, 5, random);
  const SlotLayout four = layout_of({4, 1, 1, 1, 1, 1, 4, 4}, 16);
  EXPECT_THROW(slot_transform(a, four, {four, 1, 0}), base::Error);
}

TEST(SplitShifts, CoversEveryShiftAndBeatsTheNaiveSplits) {
  std::vector<std::uint32_t> shifts;
  for (std::uint32_t block = 0; block < 16; ++block) {
    for (std::uint32_t tap = 0; tap < 25; ++tap) {
      shifts.push_back(block * 144 + tap / 5 * 12 + tap % 5);
    }
  }
  const BabyGiant split = split_shifts(shifts, 16384, 1, 4);
  for (const std::uint32_t shift : shifts) {
    EXPECT_TRUE(std::binary_search(split.babies.begin(), split.babies.end(), shift % split.step));
    EXPECT_TRUE(
        std::binary_search(split.giants.begin(), split.giants.end(), shift - shift % split.step));
  }
  // 25·2 babies and 8 giants, or as good.
  EXPECT_LE(split.babies.size() - 1 + 4 * (split.giants.size() - 1), 77u);
}

TEST(LayoutOf, PlacesReplicasAndGaps) {
  const SlotLayout layout = layout_of({3, 2, 2, 8, 4, 2, 4, 8}, 64);
  EXPECT_EQ(layout.elements(), 12u);
  // Channel 1, row 1, column 1, in blocks 1 and 5.
  const auto rows = layout.of(7);
  EXPECT_EQ(std::vector<std::uint32_t>(rows.begin(), rows.end()),
            (std::vector<std::uint32_t>{8 + 6, 5 * 8 + 6}));
}

TEST(LayoutOf, RefusesWhatDoesNotFitOrMeets) {
  EXPECT_THROW(layout_of({5, 1, 1, 4, 1, 1, 5, 5}, 16), base::Error);   // five blocks of four
  EXPECT_THROW(layout_of({2, 2, 2, 3, 2, 1, 2, 2}, 16), base::Error);   // longer than a block
  EXPECT_THROW(layout_of({1, 2, 2, 16, 1, 1, 1, 1}, 16), base::Error);  // rows overlap
  EXPECT_THROW(layout_of({2, 1, 1, 1, 1, 1, 2, 1}, 16), base::Error);  // fewer blocks than channels
}

}  // namespace
}  // namespace serdab::packing
