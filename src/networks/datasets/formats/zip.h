#pragma once

#include <map>
#include <string>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {

/// The members of a ZIP archive (stored or deflated), such as numpy's .npz, by name. Sizes are
/// bounded and checksums compared; throws base::Error that names file and member.
std::map<std::string, Bytes> read_zip(const std::filesystem::path& file,
                                      std::size_t limit = kMaxFileBytes);

}  // namespace serdab::datasets
