#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "networks/compiler/arithmetic/bounds.h"
#include "networks/compiler/arithmetic/execute.h"

namespace serdab::compiler {
namespace {

using graph::Range;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// y = (x0 − x1, 2·x0 + 1), then 1 + y² on the first and y³ on the second.
ArithmeticNetwork small_network() {
  ArithmeticNetwork network;
  network.input_shape = {2};
  packing::SparseBuilder builder(2);
  builder.add(0, 1);
  builder.add(1, -1);
  builder.end_row();
  builder.add(0, 2);
  builder.end_row();
  Affine affine;
  affine.terms.push_back({0, builder.finish()});
  affine.bias = {0, 1};
  network.steps.push_back({affine, {2}, {"fc"}});
  network.steps.push_back({Polynomial{1, {{1, 0, 1}, {0, 0, 0, 1}}, {0, 1}}, {2}, {"act"}});
  return network;
}

TEST(Execute, OutputsRangesAndTrace) {
  const ArithmeticNetwork network = small_network();
  verify(network);
  const auto result = execute(network, std::vector<double>{3, 1, 0, 0});
  EXPECT_THAT(result.outputs, ElementsAre(5, 343, 1, 1));
  ASSERT_EQ(result.ranges.size(), 3u);
  EXPECT_EQ(result.ranges[0].high, 3);
  EXPECT_EQ(result.ranges[1].low, 0);
  EXPECT_EQ(result.ranges[1].high, 7);
  EXPECT_EQ(result.ranges[2].high, 343);
  const auto values = trace(network, std::vector<double>{3, 1});
  EXPECT_THAT(values[1], ElementsAre(2, 7));
  EXPECT_THROW(execute(network, std::vector<double>{1, 2, 3}), base::Error);
  EXPECT_TRUE(execute(network, {}).outputs.empty());
}

TEST(Execute, TheSameForAnyNumberOfThreads) {
  const ArithmeticNetwork network = small_network();
  std::vector<double> images(2 * 333);
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = 0.01 * static_cast<double>(i);
  const auto expected = execute(network, images).outputs;
  const base::ThreadLimit one(1);
  EXPECT_EQ(execute(network, images).outputs, expected);
}

std::string verify_error(const ArithmeticNetwork& network) {
  try {
    verify(network);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Verify, NamesTheStep) {
  ArithmeticNetwork network = small_network();
  std::get<Polynomial>(network.steps[1].op).from = 2;
  EXPECT_THAT(verify_error(network), HasSubstr("step 1 (act)"));
  network = small_network();
  std::get<Affine>(network.steps[0].op).bias.pop_back();
  EXPECT_THAT(verify_error(network), HasSubstr("step 0 (fc): needs one bias"));
  network = small_network();
  std::get<Polynomial>(network.steps[1].op).set_of_element = {0, 2};
  EXPECT_THAT(verify_error(network), HasSubstr("coefficient set"));
}

TEST(PolynomialBounds, ContainAndAreTight) {
  std::mt19937 engine(1);
  std::normal_distribution<double> normal;
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> c(1 + static_cast<std::size_t>(trial % 9));
    for (double& value : c) value = normal(engine);
    const double centre = normal(engine), half = std::abs(normal(engine));
    const Range range{centre - half, centre + half};
    const Range bound = polynomial_bounds(c, range);
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i <= 2000; ++i) {
      const double x = range.low + (range.high - range.low) * i / 2000.0;
      double p = 0.0;
      for (std::size_t k = c.size(); k-- > 0;) p = p * x + c[k];
      low = std::min(low, p);
      high = std::max(high, p);
    }
    EXPECT_LE(bound.low, low);
    EXPECT_GE(bound.high, high);
    EXPECT_LE(bound.high - bound.low, 1.5 * (high - low) + 1e-9);
  }
}

TEST(PolynomialBounds, SquareOfASymmetricInterval) {
  const Range bound = polynomial_bounds(std::vector<double>{0, 0, 1}, {-2, 2});
  EXPECT_NEAR(bound.high, 4, 1e-9);
  EXPECT_NEAR(bound.low, 0, 1e-9);
  EXPECT_EQ(polynomial_bounds(std::vector<double>{0, 1}, {-INFINITY, 0}).high, INFINITY);
}

TEST(Bounds, ContainEverySample) {
  const ArithmeticNetwork network = small_network();
  const auto all = bounds(network, std::vector<Range>{{-1, 1}});
  const auto hull = hulls(all);
  EXPECT_NEAR(all[1][0].high, 2, 1e-12);
  EXPECT_NEAR(all[1][1].low, -1, 1e-12);
  EXPECT_NEAR(hull[2].high, 27, 1e-9);
  std::mt19937 engine(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (int trial = 0; trial < 200; ++trial) {
    const auto values = trace(network, std::vector<double>{uniform(engine), uniform(engine)});
    for (ValueId v = 0; v < values.size(); ++v) {
      for (std::size_t e = 0; e < values[v].size(); ++e) {
        EXPECT_GE(values[v][e], all[v][e].low);
        EXPECT_LE(values[v][e], all[v][e].high);
      }
    }
  }
  EXPECT_THROW(bounds(network, std::vector<Range>(3)), base::Error);
}

}  // namespace
}  // namespace serdab::compiler
