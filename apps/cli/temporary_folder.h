#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>

#include "engine/base/error.h"

namespace serdab::cli {

/// A folder that vanishes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "serdab-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
      base::fail(base::ErrorCode::kIo, pattern + ": cannot be created");
    }
    path_ = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace serdab::cli
