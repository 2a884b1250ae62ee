#pragma once

#include <span>
#include <string>

#include "networks/datasets/images.h"
#include "networks/program/package.h"
#include "service/client/query.h"

namespace serdab::cli {

/// "cat", or the number where the model names no classes.
std::string class_name(const program::Manifest& manifest, std::uint32_t label);

/// A PNG of the first 60 images with the labels that came back and how sure the network is, in
/// whole percent ("cat 97%"); where the images have labels, wrong ones in red. Written under a
/// temporary name, then renamed. Throws base::Error(kIo).
void write_label_sheet(const std::string& path, const datasets::Images& images,
                       std::span<const std::uint32_t> labels, std::span<const double> confidences,
                       const program::Manifest& manifest);

}  // namespace serdab::cli
