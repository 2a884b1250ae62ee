#include "networks/datasets/images.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/error.h"

namespace serdab::datasets {

std::size_t element_count(const Shape& shape) {
  std::size_t count = 1;
  for (std::size_t extent : shape) count *= extent;
  return count;
}

std::string to_string(const Shape& shape) {
  std::string text;
  for (std::size_t extent : shape) {
    if (!text.empty()) text += 'x';
    text += std::to_string(extent);
  }
  return text;
}

Images slice(const Images& images, std::size_t first, std::size_t count) {
  const std::size_t begin = std::min(first, images.count());
  const std::size_t end = begin + std::min(count, images.count() - begin);
  const std::size_t size = element_count(images.shape);
  const auto at = [](auto& values, std::size_t i) {
    return values.begin() + static_cast<std::ptrdiff_t>(i);
  };
  Images result{images.shape, {at(images.pixels, begin * size), at(images.pixels, end * size)}, {}};
  if (!images.labels.empty()) {
    result.labels.assign(at(images.labels, begin), at(images.labels, end));
  }
  return result;
}

void append(Images& images, const Images& more) {
  if (images.count() == 0) {
    images = more;
    return;
  }
  if (images.shape != more.shape) {
    base::fail(base::ErrorCode::kMismatch, "images of " + to_string(images.shape) + " and of " +
                                               to_string(more.shape) + " do not form one batch");
  }
  const bool labelled = !images.labels.empty() && !more.labels.empty();
  images.pixels.insert(images.pixels.end(), more.pixels.begin(), more.pixels.end());
  if (labelled) images.labels.insert(images.labels.end(), more.labels.begin(), more.labels.end());
  if (!labelled) images.labels.clear();
}

namespace {

/// Every image with its axes in the order `perm`: result axis i is source axis perm[i].
Images permuted(const Images& images, const std::array<std::size_t, 3>& perm) {
  const Shape& from = images.shape;
  const std::array<std::size_t, 3> strides{from[1] * from[2], from[2], 1};
  Images result{{from[perm[0]], from[perm[1]], from[perm[2]]}, {}, images.labels};
  result.pixels.reserve(images.pixels.size());
  for (std::size_t n = 0; n < images.count(); ++n) {
    const auto image = images.image(n);
    for (std::size_t i = 0; i < result.shape[0]; ++i) {
      for (std::size_t j = 0; j < result.shape[1]; ++j) {
        for (std::size_t k = 0; k < result.shape[2]; ++k) {
          result.pixels.push_back(
              image[i * strides[perm[0]] + j * strides[perm[1]] + k * strides[perm[2]]]);
        }
      }
    }
  }
  return result;
}

Shape without_ones(Shape shape) {
  std::erase(shape, std::size_t{1});
  return shape;
}

/// True if elements in the order of one shape are those of the other: flat rows, or extents of 1
/// apart.
bool same_order(const Shape& a, const Shape& b) {
  const Shape x = without_ones(a), y = without_ones(b);
  return element_count(a) == element_count(b) && (x == y || x.size() <= 1 || y.size() <= 1);
}

Images last_is_label(const Images& images, const std::string& origin) {
  const std::size_t width = element_count(images.shape);
  Images result{{width - 1}, {}, {}};
  for (std::size_t i = 0; i < images.count(); ++i) {
    const auto row = images.image(i);
    const float label = row.back();
    if (label != std::floor(label) || label < 0 || label > 1e6f) {
      base::fail(base::ErrorCode::kCorrupt, origin + ": row " + std::to_string(i + 1) +
                                                ": the last number, " + std::to_string(label) +
                                                ", is no label (0, 1, 2, …)");
    }
    result.pixels.insert(result.pixels.end(), row.begin(), row.end() - 1);
    result.labels.push_back(static_cast<int>(label));
  }
  return result;
}

}  // namespace

Images conform(Images images, const Shape& shape, const std::string& origin) {
  if (images.shape.size() == 1 && images.labels.empty() &&
      images.shape[0] == element_count(shape) + 1) {
    images = last_is_label(images, origin);
  }
  const Shape from = images.shape;
  if (same_order(from, shape)) {
    images.shape = shape;
  } else if (from.size() == 3 && Shape{from[2], from[0], from[1]} == shape) {
    images = permuted(images, {2, 0, 1});
  } else if (from.size() == 3 && Shape{from[1], from[2], from[0]} == shape) {
    images = permuted(images, {1, 2, 0});
  } else {
    base::fail(base::ErrorCode::kMismatch, origin + ": holds images of " + to_string(from) +
                                               ", the network takes " + to_string(shape));
  }
  return images;
}

}  // namespace serdab::datasets
