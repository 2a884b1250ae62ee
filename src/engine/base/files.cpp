#include "engine/base/files.h"

#include <filesystem>
#include <system_error>

#include "engine/base/error.h"

namespace serdab::base {

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail(ErrorCode::kIo, path + ": cannot be created: " + error.message());
}

void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) fail(ErrorCode::kIo, path + ": cannot be removed: " + error.message());
}

}  // namespace serdab::base
