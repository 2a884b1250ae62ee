#include "common/files.h"

#include <cstdio>

#include "engine/base/error.h"
#include "service/wire/file.h"

namespace serdab::hebench {
namespace {

constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 30;

fs::path beside_executable() {
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  if (error) base::fail(base::ErrorCode::kIo, "/proc/self/exe cannot be read: " + error.message());
  return executable.parent_path();
}

fs::path compiled(const Size& size, const char* file) {
  const fs::path path = beside_executable() / "programs" / size.name / file;
  require_made_by(path, "the build, which compiles the model,");
  return path;
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    base::fail(base::ErrorCode::kIo, folder.string() + ": cannot be made: " + error.message());
  }
}

}  // namespace

fs::path Files::test_pixels() const {
  return fs::path("datasets") / size_.name / "intermediate" / "test_pixels.txt";
}

fs::path Files::program() const { return compiled(size_, "program.sdb"); }
fs::path Files::bundle() const { return compiled(size_, "client.sdb"); }

std::string Files::numbered(const char* stem, std::size_t index) {
  char name[64];
  std::snprintf(name, sizeof name, "%s-%04zu.sdb", stem, index);
  return name;
}

std::size_t query_count(const Size& size, std::size_t most) {
  return (size.images + most - 1) / most;
}

void require_made_by(const fs::path& path, const char* stage) {
  std::error_code ignored;
  if (fs::is_regular_file(path, ignored)) return;
  base::fail(base::ErrorCode::kIo, path.string() + ": is not there; " + stage + " makes it");
}

std::vector<std::uint8_t> read_made_by(const fs::path& path, const char* stage) {
  require_made_by(path, stage);
  return wire::read_file(path.string(), kLargestFile);
}

void write_whole(const fs::path& path, std::span<const std::uint8_t> bytes, unsigned mode) {
  make_folder(path.parent_path());
  wire::write_file(path.string(), bytes, mode);
}

void make_empty(const fs::path& folder) {
  std::error_code error;
  fs::remove_all(folder, error);
  if (error) {
    base::fail(base::ErrorCode::kIo, folder.string() + ": cannot be emptied: " + error.message());
  }
  make_folder(folder);
}

}  // namespace serdab::hebench
