#include "networks/datasets/picture/curves.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>

#include "engine/base/error.h"
#include "networks/datasets/picture/axis.h"
#include "networks/datasets/testing/temporary_folder.h"

namespace serdab::datasets {
namespace {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Chart training_chart() {
  Chart chart{"Iris 4-7-3: accuracy on the test rows", "step", "accuracy (%)", {}};
  for (const char* name : {"encrypted", "plaintext twin", "fold 3 of 5"}) {
    Series series{name, {}};
    for (int step = 0; step <= 100; step += 2) {
      const double lag = 9.0 + 7.0 * static_cast<double>(chart.series.size());
      series.points.push_back({static_cast<double>(step), 96 - 63 * std::exp(-step / lag)});
    }
    chart.series.push_back(series);
  }
  return chart;
}

std::size_t count(const Picture& picture, Colour colour) {
  std::size_t found = 0;
  for (std::size_t p = 0; p < picture.bytes.size(); p += 3) {
    found += std::equal(colour.begin(), colour.end(), &picture.bytes[p]);
  }
  return found;
}

TEST(Axis, TicksAreRoundNumbers) {
  EXPECT_THAT(make_axis(0, 100, 6, false).labels, ElementsAre("0", "20", "40", "60", "80", "100"));
  const Axis axis = make_axis(0.213, 0.98, 6, true);
  EXPECT_THAT(axis.labels, ElementsAre("0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_DOUBLE_EQ(axis.low, 0.2);
  EXPECT_NEAR(axis.position(0.6), 0.5, 1e-12);
  EXPECT_THAT(make_axis(-1, 1, 5, true).labels, ElementsAre("-1.0", "-0.5", "0.0", "0.5", "1.0"));
}

TEST(Axis, EveryRangeHasTicksWithinIt) {
  for (double low : {-3e7, -1.0, 0.0, 0.0123, 5.0}) {
    for (double width : {0.0, 1e-12, 0.004, 1.0, 17.0, 1e9}) {
      for (bool round : {false, true}) {
        const Axis axis = make_axis(low, low + width, 8, round);
        ASSERT_LT(axis.low, axis.high);
        ASSERT_GE(axis.ticks.size(), 2u) << low << ' ' << width;
        ASSERT_LE(axis.ticks.size(), 9u) << low << ' ' << width;
        ASSERT_GE(axis.position(axis.ticks.front()), -1e-6);
        ASSERT_LE(axis.position(axis.ticks.back()), 1 + 1e-6);
      }
    }
  }
}

TEST(Curves, DrawsAxesAndEveryCurve) {
  const Picture picture = line_chart(training_chart());
  EXPECT_EQ(picture.width, kChartWidth);
  EXPECT_EQ(picture.height, kChartHeight);
  Chart fewer = training_chart();
  fewer.series.pop_back();
  for (const Colour colour : {Colour{0, 114, 178}, {213, 94, 0}, {0, 158, 115}}) {
    EXPECT_GT(count(picture, colour), 800u);
  }
  EXPECT_EQ(count(line_chart(fewer), Colour{0, 158, 115}), 0u);
  if (const char* folder = std::getenv("SERDAB_TEST_PICTURES")) {
    write_chart(training_chart(), std::filesystem::path(folder) / "curves.png");
  }
}

TEST(Curves, RisingValuesRiseOnThePicture) {
  const Chart chart{"", "", "", {{"", {{0, 1}, {10, 2}}}}};
  const Picture picture = line_chart(chart);
  std::size_t first_row = 0, last_row = 0;  // of the leftmost and of the rightmost pixels
  for (std::size_t x = 0; x < picture.width; ++x) {
    for (std::size_t y = 100; y < picture.height; ++y) {
      if (picture.bytes[(y * picture.width + x) * 3] != 0) continue;
      if (first_row == 0) first_row = y;
      last_row = y;
    }
  }
  EXPECT_GT(first_row, last_row + 300);
}

TEST(Curves, GapsDotsAndNothing) {
  const Chart gap{"", "", "", {{"a", {{0, 1}, {1, kNan}, {2, 1e300}, {3, 2}}}}};
  EXPECT_GT(count(line_chart(gap), Colour{0, 114, 178}), 50u);  // two dots and the legend
  const Chart line{"", "", "", {{"a", {{0, 1}, {3, 2}}}}};
  EXPECT_GT(count(line_chart(line), Colour{0, 114, 178}),
            4 * count(line_chart(gap), Colour{0, 114, 178}));
  EXPECT_EQ(line_chart(Chart{}).bytes.size(), kChartWidth * kChartHeight * 3);
}

TEST(Curves, AreCutAtWhatIsShown) {
  Chart chart{"", "", "", {{"", {{0, -5}, {1, 5}, {2, 5}, {3, 0.5}, {4, 1e90}}}}};
  chart.shown_y = Interval{0, 1};
  const Picture picture = line_chart(chart);
  std::size_t first = picture.height, last = 0;  // rows with the curve, below the legend
  for (std::size_t y = 60; y < picture.height; ++y) {
    for (std::size_t x = 0; x < picture.width; ++x) {
      if (picture.bytes[(y * picture.width + x) * 3] != 0) continue;
      first = std::min(first, y);
      last = y;
    }
  }
  // The plot's rows, and half the width of a line.
  EXPECT_GE(first, 60u);
  EXPECT_LE(last, kChartHeight - 2 * 14 - 4 * 8 + 2);
  EXPECT_GT(last, first + 300);
  Chart above{"", "", "", {{"a", {{0, 2}, {1, 3}}}}};
  above.shown_y = Interval{0, 1};
  EXPECT_LT(count(line_chart(above), Colour{0, 114, 178}), 150u);  // the legend alone
}

TEST(Curves, GreyLiesOutsideTheRange) {
  Chart chart{"", "", "", {{"", {{-2, 0}, {2, 1}}}}};
  constexpr Colour kGrey{240, 240, 240};
  EXPECT_EQ(count(line_chart(chart), kGrey), 0u);
  chart.unshaded_x = Interval{-1, 1};
  const std::size_t half = count(line_chart(chart), kGrey);
  chart.unshaded_x = Interval{-1, 3};
  const std::size_t quarter = count(line_chart(chart), kGrey);
  EXPECT_GT(quarter, 50'000u);
  EXPECT_NEAR(static_cast<double>(half) / static_cast<double>(quarter), 2.0, 0.05);
}

TEST(Curves, StackedOneBelowTheOther) {
  std::vector<Chart> charts{training_chart(), training_chart()};
  charts[1].title.clear();
  for (Series& series : charts[1].series) {
    for (Point& p : series.points) p.y *= 1e-3;  // longer numbers beside the axis
  }
  const Picture picture = stacked_charts(charts);
  EXPECT_EQ(picture.width, kChartWidth);
  EXPECT_EQ(picture.height, 2 * kPanelHeight);
  EXPECT_EQ(picture.bytes.size(), kChartWidth * 2 * kPanelHeight * 3);
  // The axes at the left are one above the other.
  const auto axis = [&](std::size_t y) {
    std::size_t x = 0;
    while (picture.bytes[(y * picture.width + x) * 3] != 40) ++x;
    return x;
  };
  EXPECT_EQ(axis(kPanelHeight - 200), axis(2 * kPanelHeight - 200));
}

TEST(Curves, Refuses) {
  Chart upside_down{"", "", "", {}};
  upside_down.shown_y = Interval{1, 0};
  EXPECT_THROW(line_chart(upside_down), base::Error);
  EXPECT_THROW(stacked_charts(std::vector<Chart>{upside_down}), base::Error);

  EXPECT_THROW(line_chart({"", "", "", std::vector<Series>(9)}), base::Error);
  EXPECT_THROW(line_chart({"", "", "", {{"a", {{kNan, 1}}}}}), base::Error);
  EXPECT_THROW(line_chart({"", "", "", {{"a", {{1, 1}, {1, 2}}}}}), base::Error);
}

TEST(Curves, FilesAreReplacedWhole) {
  const TemporaryFolder folder;
  const auto png = folder.write("a.png", "old");
  write_chart(training_chart(), png);
  const Images read = read_png(png, 3);
  EXPECT_EQ(read.shape, (Shape{3, kChartHeight, kChartWidth}));
  const auto csv = folder.write("a.csv", "old");
  write_csv({"", "step", "", {{"loss", {{1, 0.5}, {2, kNan}}}, {"a, \"b\"", {{2, 0.1}}}}}, csv);
  EXPECT_EQ(content(csv), "step,loss,\"a, \"\"b\"\"\"\n1,0.5,\n2,nan,0.10000000000000001\n");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
  EXPECT_THROW(write_csv({}, folder.path() / "missing" / "a.csv"), base::Error);
  EXPECT_THROW(write_chart({}, folder.path()), base::Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 2);
}

}  // namespace
}  // namespace serdab::datasets
