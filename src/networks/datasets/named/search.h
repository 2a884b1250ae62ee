#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace serdab::datasets {

/// The user's cache: $XDG_CACHE_HOME/serdab/data, else ~/.cache/serdab/data.
std::filesystem::path user_cache();

/// Folders in which data sets are looked for, first to last: `explicit_dir` (of --data-dir) if
/// given, else $SERDAB_DATA and the user's cache; last those that come with serdab itself
/// (share/serdab/data beside an installed program, data/tabular above a program in the source
/// tree).
std::vector<std::filesystem::path> search_folders(
    const std::optional<std::filesystem::path>& explicit_dir = {});

/// FOLDER/SET/FILE or FOLDER/FILE, the first that exists; a name ending in .gz may also lie there
/// unpacked, one ending in .bin packed as .med.xz. mnist and fashion-mnist use the same names:
/// FOLDER/FILE counts only if the folder is called SET or the file has the SHA-256 of the manifest
/// (where it has one).
std::optional<std::filesystem::path> look_for(const std::string& set, const std::string& file,
                                              const std::vector<std::filesystem::path>& folders);

/// The same; throws base::Error (kIo) that names the set, the file, the places looked in and the
/// remedy.
std::filesystem::path find_file(const std::string& set, const std::string& file,
                                const std::vector<std::filesystem::path>& folders);

}  // namespace serdab::datasets
