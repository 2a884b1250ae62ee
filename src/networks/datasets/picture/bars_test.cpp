#include "networks/datasets/picture/bars.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "engine/base/error.h"
#include "networks/datasets/picture/canvas.h"
#include "networks/datasets/picture/replace_file.h"

namespace serdab::datasets {
namespace {

constexpr Colour kFirst{0, 114, 178}, kSecond{213, 94, 0};

std::size_t count(const Picture& picture, Colour colour) {
  std::size_t found = 0;
  for (std::size_t p = 0; p < picture.bytes.size(); p += 3) {
    found += std::equal(colour.begin(), colour.end(), &picture.bytes[p]);
  }
  return found;
}

BarChart levels(std::size_t bars) {
  BarChart chart{"A network of many layers", {}, "layer, first to last", {}};
  BarPanel modulus{"bits of modulus left", {{"log2 Q", {}}}, {}};
  BarPanel seconds{"seconds", {{"transform", {}}, {"square", {}}}, {}};
  for (std::size_t i = 0; i < bars; ++i) {
    chart.names.push_back("layer " + std::to_string(i) + (i == 1 ? " with a very long name" : ""));
    modulus.stacks[0].values.push_back(static_cast<double>(30 * (bars - i)));
    modulus.marks.push_back(std::to_string(bars - i));
    seconds.stacks[0].values.push_back(i % 2 == 0 ? 0.02 : 0);
    seconds.stacks[1].values.push_back(i % 2 == 0 ? 0 : 0.01);
  }
  chart.panels = {modulus, seconds};
  return chart;
}

TEST(Bars, ColoursCoverWhatTheValuesSay) {
  BarChart chart{"", {"a", "b"}, "", {{"", {{"x", {3, 1}}, {"y", {1, 1}}}, {}}}};
  const Picture picture = bar_chart(chart);
  const auto first = static_cast<double>(count(picture, kFirst)),
             second = static_cast<double>(count(picture, kSecond));
  EXPECT_NEAR(first / second, 2.0, 0.1);
  chart.panels[0].stacks[0].values = {1, 1};
  chart.panels[0].stacks[1].values = {3, 3};
  EXPECT_NEAR(static_cast<double>(count(bar_chart(chart), kSecond)) / second, 3.0, 0.1);
}

TEST(Bars, ManyMakeAWiderPicture) {
  const Picture few = bar_chart(levels(6)), many = bar_chart(levels(80));
  EXPECT_EQ(few.width, 900u);
  EXPECT_GT(many.width, 80u * 18);
  EXPECT_EQ(many.bytes.size(), many.width * many.height * 3);
  EXPECT_GT(count(many, kFirst), 10'000u);
  EXPECT_EQ(bar_chart({"nothing", {}, "", {}}).width, 900u);
  if (const char* folder = std::getenv("SERDAB_TEST_PICTURES")) {
    replace_png(many, std::filesystem::path(folder) / "bars.png");
  }
}

TEST(Bars, Refuses) {
  const auto refused = [](const BarChart& chart) { EXPECT_THROW(bar_chart(chart), base::Error); };
  refused(levels(kMostBars + 1));
  BarChart chart = levels(3);
  chart.panels[0].stacks[0].values[1] = -1;
  refused(chart);
  chart.panels[0].stacks[0].values[1] = std::nan("");
  refused(chart);
  chart.panels[0].stacks[0].values.pop_back();
  refused(chart);
  chart = levels(3);
  chart.panels[0].marks.pop_back();
  refused(chart);
  chart = levels(3);
  chart.panels[1].stacks.resize(9, chart.panels[1].stacks[0]);
  refused(chart);
}

TEST(Canvas, TextUpwardsIsTextTurned) {
  Picture flat = blank_picture(40, 10), upright = blank_picture(10, 40);
  draw_text(flat, "Fig", 3, 1, {0, 0, 0});
  draw_text_upwards(upright, "Fig", 1, 37, {0, 0, 0});
  for (std::size_t y = 0; y < 10; ++y) {
    for (std::size_t x = 0; x < 40; ++x) {
      EXPECT_EQ(flat.bytes[(y * 40 + x) * 3], upright.bytes[((39 - x) * 10 + y) * 3]);
    }
  }
  draw_text_upwards(upright, "Figs", 1, 5, {0, 0, 0});  // leaves the picture: no harm
}

}  // namespace
}  // namespace serdab::datasets
