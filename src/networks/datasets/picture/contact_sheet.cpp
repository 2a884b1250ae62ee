#include "networks/datasets/picture/contact_sheet.h"

#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "networks/datasets/picture/canvas.h"
#include "networks/datasets/picture/font.h"

namespace serdab::datasets {
namespace {

constexpr Colour kBlack{0, 0, 0}, kRed{200, 0, 0};

std::uint8_t to_byte(float value) {
  return static_cast<std::uint8_t>(std::lround(std::clamp(value, 0.0f, 1.0f) * 255.0f));
}

void draw_image(Picture& sheet, const Images& images, std::size_t i, std::size_t top,
                std::size_t left, std::size_t magnification) {
  const auto pixels = images.image(i);
  const std::size_t channels = images.shape[0], height = images.shape[1], width = images.shape[2];
  for (std::size_t y = 0; y < height * magnification; ++y) {
    for (std::size_t x = 0; x < width * magnification; ++x) {
      const std::size_t at = y / magnification * width + x / magnification;
      Colour colour;
      for (std::size_t c = 0; c < 3; ++c) {
        colour[c] = to_byte(pixels[(channels == 3 ? c : 0) * height * width + at]);
      }
      paint(sheet, left + x, top + y, colour);
    }
  }
}

void draw_caption(Picture& sheet, std::string text, std::size_t top, std::size_t left,
                  std::size_t width) {
  const bool warning = text.starts_with('!');
  if (warning) text.erase(0, 1);
  text.resize(std::min(text.size(), width / text_width(" ")));
  draw_text(sheet, text, left + (width - text_width(text)) / 2, top, warning ? kRed : kBlack);
}

}  // namespace

Picture contact_sheet(const Images& images, const std::vector<std::string>& captions,
                      const SheetStyle& style) {
  base::require(images.shape.size() == 3 && (images.shape[0] == 1 || images.shape[0] == 3),
                base::ErrorCode::kInvalidArgument, "a contact sheet needs grey or RGB images");
  const std::size_t columns = std::max<std::size_t>(1, std::min(style.columns, images.count()));
  const std::size_t rows = (images.count() + columns - 1) / columns;
  const std::size_t cell_width = images.shape[2] * style.magnification + 2 * style.margin;
  const std::size_t cell_height =
      images.shape[1] * style.magnification + 2 * style.margin + kGlyphHeight + 3;
  Picture sheet = blank_picture(columns * cell_width, rows * cell_height);
  for (std::size_t i = 0; i < images.count(); ++i) {
    const std::size_t top = i / columns * cell_height + style.margin;
    const std::size_t left = i % columns * cell_width;
    draw_image(sheet, images, i, top, left + style.margin, style.magnification);
    if (i < captions.size()) {
      draw_caption(sheet, captions[i], top + images.shape[1] * style.magnification + 3, left,
                   cell_width);
    }
  }
  return sheet;
}

}  // namespace serdab::datasets
