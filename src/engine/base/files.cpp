#include "engine/base/files.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace serdab::base {

void fail_io(const std::string& path, const std::string& what, int error,
             const char* remedy_if_full) {
  const std::string text = path + ": " + what + ": " + std::strerror(error);
  if (error != ENOSPC && error != EDQUOT) fail(ErrorCode::kIo, text);
  throw DiskFull(text + ": the disk is full; " + remedy_if_full);
}

bool exists(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored);
}

void make_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail_io(path, "cannot be created", error.value());
}

void remove_file(const std::string& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) fail_io(path, "cannot be removed", error.value());
}

}  // namespace serdab::base
