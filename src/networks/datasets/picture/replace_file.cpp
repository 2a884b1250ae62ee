#include "networks/datasets/picture/replace_file.h"

#include <unistd.h>

#include "engine/base/error.h"

namespace serdab::datasets {

void replace_file(const std::filesystem::path& file,
                  const std::function<void(const std::filesystem::path&)>& write) {
  std::filesystem::path temporary = file;
  temporary += ".part" + std::to_string(getpid());
  std::error_code status;
  try {
    write(temporary);
  } catch (...) {
    std::filesystem::remove(temporary, status);
    throw;
  }
  std::filesystem::rename(temporary, file, status);
  if (!status) return;
  const std::string reason = status.message();
  std::filesystem::remove(temporary, status);
  base::fail(base::ErrorCode::kIo, file.string() + ": cannot be written: " + reason);
}

void replace_png(const Picture& picture, const std::filesystem::path& file) {
  replace_file(file, [&](const std::filesystem::path& part) { write_png(picture, part); });
}

}  // namespace serdab::datasets
