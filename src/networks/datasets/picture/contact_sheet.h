#pragma once

#include <string>
#include <vector>

#include "networks/datasets/formats/png.h"
#include "networks/datasets/images.h"

namespace serdab::datasets {

struct SheetStyle {
  std::size_t columns = 10;       ///< pictures in a row
  std::size_t magnification = 4;  ///< sheet pixels per image pixel
  std::size_t margin = 6;         ///< sheet pixels around each picture
};

/// A picture of the first images, row by row on white, each with its caption underneath in a small
/// built-in font (letters, digits and the usual signs; too long ones are cut). Grey or RGB images
/// {1 or 3, H, W} with pixels in [0, 1]; a caption that begins with '!' is drawn in red without it.
Picture contact_sheet(const Images& images, const std::vector<std::string>& captions,
                      const SheetStyle& style = {});

}  // namespace serdab::datasets
