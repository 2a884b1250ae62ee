#include "label_sheet.h"

#include <fmt/format.h>

#include <algorithm>

#include "networks/datasets/picture/contact_sheet.h"
#include "networks/datasets/picture/replace_file.h"

namespace serdab::cli {

std::string class_name(const program::Manifest& manifest, std::uint32_t label) {
  return label < manifest.classes.size() ? manifest.classes[label] : std::to_string(label);
}

void write_label_sheet(const std::string& path, const datasets::Images& images,
                       std::span<const std::uint32_t> labels, std::span<const double> confidences,
                       const program::Manifest& manifest) {
  constexpr std::size_t kShown = 60;
  const datasets::Images shown = datasets::slice(images, 0, std::min(kShown, labels.size()));
  std::vector<std::string> captions;
  for (std::size_t i = 0; i < shown.count(); ++i) {
    const bool wrong = !shown.labels.empty() && shown.labels[i] != static_cast<int>(labels[i]);
    captions.push_back(fmt::format("{}{} {:.0f}%", wrong ? "!" : "",
                                   class_name(manifest, labels[i]), 100 * confidences[i]));
  }
  datasets::replace_png(datasets::contact_sheet(shown, captions), path);
}

}  // namespace serdab::cli
