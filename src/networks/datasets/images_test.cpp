#include "networks/datasets/images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

using ::testing::ElementsAre;

TEST(Images, SliceAndAppend) {
  Images images{{1, 1, 2}, {1, 2, 3, 4, 5, 6}, {0, 1, 2}};
  const Images middle = slice(images, 1, 1);
  EXPECT_THAT(middle.pixels, ElementsAre(3, 4));
  EXPECT_THAT(middle.labels, ElementsAre(1));
  EXPECT_EQ(slice(images, 2, 100).count(), 1u);
  EXPECT_EQ(slice(images, 9, 1).count(), 0u);
  append(images, middle);
  EXPECT_EQ(images.count(), 4u);
  EXPECT_THAT(images.labels, ElementsAre(0, 1, 2, 1));
  EXPECT_THROW(append(images, Images{{2, 1, 2}, {1, 2, 3, 4}, {}}), base::Error);
}

TEST(Conform, FlatAndExtraOnes) {
  EXPECT_EQ(conform({{4}, {1, 2, 3, 4}, {}}, {1, 2, 2}, "x").shape, (Shape{1, 2, 2}));
  EXPECT_EQ(conform({{2, 2}, {1, 2, 3, 4}, {}}, {1, 2, 2}, "x").shape, (Shape{1, 2, 2}));
  EXPECT_EQ(conform({{1, 2, 2}, {1, 2, 3, 4}, {}}, {2, 2, 1}, "x").shape, (Shape{2, 2, 1}));
  EXPECT_EQ(conform({{1, 2, 2}, {1, 2, 3, 4}, {}}, {4}, "x").shape, (Shape{4}));
}

TEST(Conform, ChannelsMove) {
  const Images last{{1, 2, 3}, {1, 2, 3, 4, 5, 6}, {7}};
  const Images first = conform(last, {3, 1, 2}, "x");
  EXPECT_THAT(first.pixels, ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(first.labels, ElementsAre(7));
  EXPECT_EQ(conform(first, {1, 2, 3}, "x").pixels, last.pixels);
}

TEST(Conform, OtherShapesAndBadLabelsAreRefused) {
  EXPECT_THROW(conform({{1, 3, 2}, {1, 2, 3, 4, 5, 6}, {}}, {1, 2, 3}, "x"), base::Error);
  EXPECT_THROW(conform({{5}, {1, 2, 3, 4, 5}, {}}, {3}, "x"), base::Error);
  EXPECT_THROW(conform({{3}, {1, 2, 0.5}, {}}, {2}, "x"), base::Error);
}

}  // namespace
}  // namespace serdab::datasets
