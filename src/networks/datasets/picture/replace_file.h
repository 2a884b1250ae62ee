#pragma once

#include <filesystem>
#include <functional>

#include "networks/datasets/formats/png.h"

namespace serdab::datasets {

/// Has `write` fill a file of another name in the same folder, then renames it to `file`: whoever
/// reads `file` finds the old content or the new, never a part. Throws base::Error (kIo) if the
/// renaming fails; whatever `write` throws passes through, and `file` is as before.
void replace_file(const std::filesystem::path& file,
                  const std::function<void(const std::filesystem::path&)>& write);

/// write_png by replace_file.
void replace_png(const Picture& picture, const std::filesystem::path& file);

}  // namespace serdab::datasets
