#pragma once

#include <string>

namespace serdab::cli {

/// A file that holds a token and maybe an end of line; base::Error names it.
std::string read_token_file(const std::string& file);

}  // namespace serdab::cli
