#pragma once

#include <string>

namespace serdab::base {

/// Whether something has this name; what cannot be examined is as not there.
bool exists(const std::string& path);
/// With its parents; no error if it is there. Throws base::Error(kIo) that names it.
void make_folder(const std::string& path);
/// No error if there is none. Throws base::Error(kIo) that names it.
void remove_file(const std::string& path);

}  // namespace serdab::base
