#pragma once

#include <string_view>

namespace serdab::gateway {

/// A file of the browser client, built into the program.
struct Asset {
  std::string_view path;   ///< "/", "/page.js", …
  std::string_view type;   ///< its Content-Type
  std::string_view bytes;  ///< lives as long as the program
};

}  // namespace serdab::gateway
