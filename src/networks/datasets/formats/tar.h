#pragma once

#include <map>
#include <string>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

/// The regular files of a tar archive whose last path component is in `wanted`, by that component.
/// Throws base::Error (kCorrupt) that names the archive.
std::map<std::string, Bytes> read_tar(const Bytes& archive, const std::vector<std::string>& wanted,
                                      const std::string& name);

}  // namespace serdab::datasets
