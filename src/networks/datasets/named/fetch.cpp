#include "networks/datasets/named/fetch.h"

#include <unistd.h>

#include <fstream>
#include <map>

#include "engine/base/error.h"
#include "networks/datasets/formats/tar.h"
#include "networks/datasets/named/download.h"
#include "networks/datasets/named/manifest.h"
#include "networks/datasets/named/sha256.h"

namespace serdab::datasets {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;

/// A name beside the final one that vanishes unless it was renamed.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target)
      : path_(target.string() + ".part" + std::to_string(getpid())) {}
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

bool is_there(const fs::path& target, const ManifestFile& file) {
  std::error_code status;
  return fs::is_regular_file(target, status) && sha256_of_file(target) == file.sha256;
}

void check_sum(const std::string& found, const ManifestFile& file, const std::string& origin) {
  if (found == file.sha256) return;
  base::fail(ErrorCode::kCorrupt, origin + ": has SHA-256 " + found + ", expected " + file.sha256 +
                                      "; nothing was kept");
}

void fetch_file(const ManifestFile& file, const fs::path& target, const FetchProgress& progress) {
  const TemporaryFile temporary(target);
  download(file.url, temporary.path(), file.name, progress);
  check_sum(sha256_of_file(temporary.path()), file, file.url);
  fs::rename(temporary.path(), target);
}

/// Downloads the archive once and unpacks the wanted files from it.
void fetch_archive(const std::vector<ManifestFile>& files, const fs::path& folder,
                   const FetchProgress& progress) {
  const TemporaryFile temporary(folder / files[0].archive);
  download(files[0].url, temporary.path(), files[0].archive, progress);
  std::vector<std::string> names;
  for (const ManifestFile& file : files) names.push_back(file.name);
  const auto contents = read_tar(read_bytes(temporary.path()), names, files[0].url);
  for (const ManifestFile& file : files) {
    const auto found = contents.find(file.name);
    if (found == contents.end()) {
      base::fail(ErrorCode::kCorrupt, files[0].url + ": does not contain " + file.name);
    }
    check_sum(sha256(found->second), file, files[0].url + ": " + file.name);
    const TemporaryFile unpacked(folder / file.name);
    std::ofstream stream(unpacked.path(), std::ios::binary);
    stream.write(reinterpret_cast<const char*>(found->second.data()),
                 static_cast<std::streamsize>(found->second.size()));
    stream.close();
    if (!stream) base::fail(ErrorCode::kIo, unpacked.path().string() + ": cannot be written");
    fs::rename(unpacked.path(), folder / file.name);
  }
}

void check_fetchable(const ManifestSet& set) {
  if (set.name == "digits") {
    base::fail(ErrorCode::kUnsupported,
               "the data set 'digits' comes with serdab; nothing to fetch");
  }
  for (const ManifestFile& file : set.files) {
    if (!file.url.empty()) return;
  }
  base::fail(ErrorCode::kUnsupported,
             "no mirror with a known checksum is recorded for '" + set.name +
                 "'; put its published files (" + set.files[0].name +
                 ", …, or MedMNIST's pneumoniamnist.npz) into DIR/" + set.name +
                 " and name DIR with --data-dir or SERDAB_DATA");
}

}  // namespace

std::vector<fs::path> fetch(const std::string& name, const fs::path& folder,
                            const FetchProgress& progress) {
  const ManifestSet& set = manifest_set(name);
  check_fetchable(set);
  const fs::path target = folder / set.name;
  std::error_code status;
  fs::create_directories(target, status);
  if (status) base::fail(ErrorCode::kIo, target.string() + ": cannot be made: " + status.message());
  std::vector<fs::path> written;
  std::map<std::string, std::vector<ManifestFile>> archives;
  for (const ManifestFile& file : set.files) {
    if (is_there(target / file.name, file)) continue;
    written.push_back(target / file.name);
    if (!file.archive.empty()) {
      archives[file.archive].push_back(file);
    } else {
      fetch_file(file, target / file.name, progress);
    }
  }
  for (const auto& [archive, files] : archives) fetch_archive(files, target, progress);
  return written;
}

}  // namespace serdab::datasets
