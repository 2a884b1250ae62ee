#include "service/work/internal/path_names.h"

namespace serdab::work::internal {
namespace {

// Of a path that begins at `begin`: messages go on with a colon, a space or a comma.
std::size_t end_of_path(const std::string& text, std::size_t begin) {
  const std::size_t end = text.find_first_of(":, ;'", begin);
  return end == std::string::npos ? text.size() : end;
}

}  // namespace

std::string PathNames::in(std::string text) const {
  for (std::size_t at = text.find(root_); at != std::string::npos; at = text.find(root_, at)) {
    std::string name = "a file of the server";
    const std::size_t size = end_of_path(text, at + root_.size()) - at;
    for (const auto& [path, known] : names_) {
      if (text.compare(at, path.size(), path) != 0) continue;
      name = known;
      break;
    }
    text.replace(at, size, name);
    at += name.size();
  }
  return text;
}

}  // namespace serdab::work::internal
