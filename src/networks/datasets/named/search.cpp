#include "networks/datasets/named/search.h"

#include <cstdlib>

#include "engine/base/error.h"
#include "networks/datasets/named/manifest.h"
#include "networks/datasets/named/sha256.h"

namespace serdab::datasets {
namespace {

namespace fs = std::filesystem;

std::optional<fs::path> environment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return fs::path(value);
}

/// Where the data that come with serdab lie, seen from the running program.
std::vector<fs::path> own_folders() {
  std::error_code status;
  const fs::path program = fs::read_symlink("/proc/self/exe", status);
  std::vector<fs::path> result;
  if (status) return result;
  fs::path folder = program.parent_path();
  result.push_back(folder.parent_path() / "share" / "serdab" / "data");
  for (int up = 0; up < 4 && folder.has_relative_path(); ++up) {
    folder = folder.parent_path();
    if (fs::exists(folder / "data" / "tabular" / "digits.csv.gz", status)) {
      result.push_back(folder / "data" / "tabular");
      break;
    }
  }
  return result;
}

/// The file, or its other form: .gz unpacked, .bin packed as .med.xz.
std::optional<fs::path> existing(const fs::path& file) {
  std::error_code status;
  if (fs::is_regular_file(file, status)) return file;
  fs::path other = file;
  if (file.extension() == ".gz") {
    other.replace_extension();
  } else if (file.extension() == ".bin") {
    other.replace_extension(".med.xz");
  } else {
    return std::nullopt;
  }
  if (fs::is_regular_file(other, status)) return other;
  return std::nullopt;
}

/// False if the manifest knows the file's checksum and it is another.
bool may_belong_to(const std::string& set, const std::string& file, const fs::path& found) {
  for (const ManifestFile& entry : manifest_set(set).files) {
    if (entry.name == file && !entry.sha256.empty()) return sha256_of_file(found) == entry.sha256;
  }
  return true;
}

[[noreturn]] void missing(const std::string& set, const std::string& file,
                          const std::vector<fs::path>& folders) {
  std::string places;
  for (const fs::path& folder : folders) places += "\n  " + (folder / set).string();
  base::fail(base::ErrorCode::kIo,
             "data set '" + set + "': the file " + file + " is not there. Looked in" + places +
                 "\nand their parents. 'serdab data fetch " + set +
                 "' downloads it; --data-dir or SERDAB_DATA names a folder that has it.");
}

}  // namespace

fs::path user_cache() {
  if (const auto cache = environment("XDG_CACHE_HOME")) return *cache / "serdab" / "data";
  const auto home = environment("HOME");
  return home.value_or(".") / ".cache" / "serdab" / "data";
}

std::vector<fs::path> search_folders(const std::optional<fs::path>& explicit_dir) {
  std::vector<fs::path> folders;
  if (explicit_dir) {
    folders.push_back(*explicit_dir);
  } else {
    if (const auto folder = environment("SERDAB_DATA")) folders.push_back(*folder);
    folders.push_back(user_cache());
  }
  for (fs::path& folder : own_folders()) folders.push_back(std::move(folder));
  return folders;
}

std::optional<fs::path> look_for(const std::string& set, const std::string& file,
                                 const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    if (const auto found = existing(folder / set / file)) return found;
    const auto found = existing(folder / file);
    if (found && (folder.filename() == set || may_belong_to(set, file, *found))) return found;
  }
  return std::nullopt;
}

fs::path find_file(const std::string& set, const std::string& file,
                   const std::vector<fs::path>& folders) {
  if (const auto found = look_for(set, file, folders)) return *found;
  missing(set, file, folders);
}

}  // namespace serdab::datasets
