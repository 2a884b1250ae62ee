#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace serdab::store::internal {

/// What to do about a full disk.
constexpr const char* kRemedyIfFull =
    "free some of it ('serdab admin sweep' removes what has expired) and try again";

/// For errno, as base::fail_io(), with that remedy.
[[noreturn]] void fail_io(const std::string& path, const std::string& what);

/// 0700; nothing if it is there.
void make_folder(const std::string& path);
/// An empty file of mode 0600; one that is there is emptied.
void make_file(const std::string& path);
/// A renamed or new name within the folder is on disk.
void sync_folder(const std::string& path);
void sync_file(const std::string& path);
/// A second name for a file.
void link(const std::string& from, const std::string& to);
void move(const std::string& from, const std::string& to);
bool exists(const std::string& path);
/// 0 if there is none.
std::uint64_t file_size(const std::string& path);
/// With all that is in it; what another process removes meanwhile is no error.
void remove_tree(const std::string& path) noexcept;
/// Of files and folders within, sorted; none if there is no such folder.
std::vector<std::string> names_in(const std::string& folder);
/// When anything in the tree changed last, in seconds since 1970; 0 if it is not there.
std::int64_t last_touched(const std::string& path);

}  // namespace serdab::store::internal
