#pragma once

#include <string>

#include "engine/base/error.h"

namespace serdab::base {

/// Nothing more fits on a disk or into its quota: what failed may be tried again when there is
/// room.
class DiskFull : public Error {
 public:
  explicit DiskFull(const std::string& message) : Error(ErrorCode::kIo, message) {}
};

/// Throws Error(kIo) "path: what: reason" for an errno; DiskFull, with the remedy, if that is it.
[[noreturn]] void fail_io(const std::string& path, const std::string& what, int error,
                          const char* remedy_if_full = "free some of it and try again");

/// Whether something has this name; what cannot be examined is as not there.
bool exists(const std::string& path);
/// With its parents; no error if it is there. Throws base::Error(kIo) that names it.
void make_folder(const std::string& path);
/// No error if there is none. Throws base::Error(kIo) that names it.
void remove_file(const std::string& path);

}  // namespace serdab::base
