#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace serdab::datasets {

/// One file of a data set, as the canonical mirrors give it.
struct ManifestFile {
  std::string name;
  std::string sha256;   ///< 64 hexadecimal digits; empty: not pinned, cannot be fetched
  std::string url;      ///< of the file, or of the .tar.gz that contains it; empty: no mirror
  std::string archive;  ///< name of that archive, empty if the file is downloaded itself
};

struct ManifestSet {
  std::string name;
  std::string description;
  std::string terms;  ///< licence or conditions of use, one sentence
  std::vector<ManifestFile> files;
};

/// All sets that can be named: digits, mnist, fashion-mnist, cifar10, pneumoniamnist.
const std::vector<ManifestSet>& manifest();

/// Throws base::Error (kInvalidArgument) that lists the known names.
const ManifestSet& manifest_set(std::string_view name);

}  // namespace serdab::datasets
