#pragma once

#include "networks/datasets/named/fetch.h"

namespace serdab::datasets {

/// Runs curl as a child process to write `url` into `file`, which should be a temporary name.
/// `label` goes to the progress function. Throws base::Error (kIo) that says what went wrong.
void download(const std::string& url, const std::filesystem::path& file, const std::string& label,
              const FetchProgress& progress);

}  // namespace serdab::datasets
