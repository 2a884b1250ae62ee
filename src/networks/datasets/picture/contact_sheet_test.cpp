#include "networks/datasets/picture/contact_sheet.h"

#include <gtest/gtest.h>

#include "networks/datasets/picture/font.h"

namespace serdab::datasets {
namespace {

TEST(ContactSheet, LaysOutImagesAndCaptions) {
  const Images images{{1, 8, 8}, std::vector<float>(3 * 64, 0.5f), {}};
  const Picture sheet = contact_sheet(images, {"7", "!8"}, {2, 3, 4});
  EXPECT_EQ(sheet.width, 2u * (8 * 3 + 8));
  EXPECT_EQ(sheet.height, 2u * (8 * 3 + 8 + kGlyphHeight + 3));
  ASSERT_EQ(sheet.bytes.size(), sheet.width * sheet.height * 3);
  const auto at = [&](std::size_t y, std::size_t x) {
    return &sheet.bytes[(y * sheet.width + x) * 3];
  };
  EXPECT_EQ(at(0, 0)[0], 255);
  EXPECT_EQ(at(4, 4)[0], 128);
  std::size_t black = 0, red = 0;
  for (std::size_t p = 0; p < sheet.bytes.size(); p += 3) {
    black += sheet.bytes[p] == 0 && sheet.bytes[p + 1] == 0;
    red += sheet.bytes[p] == 200 && sheet.bytes[p + 1] == 0;
  }
  EXPECT_GT(black, 5u);  // the 7
  EXPECT_GT(red, 10u);   // the 8
}

TEST(Font, HasLettersOfBothCasesAndBlanks) {
  EXPECT_EQ(glyph('a'), glyph('A'));
  EXPECT_NE(glyph('0'), glyph('O'));
  EXPECT_EQ(glyph('~'), Glyph{});
}

}  // namespace
}  // namespace serdab::datasets
