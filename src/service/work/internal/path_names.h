#pragma once

#include <string>
#include <utility>
#include <vector>

namespace serdab::work::internal {

/// What files are called where a tenant reads it: never by the server's paths.
class PathNames {
 public:
  /// Whatever lies below `root` and has no name of its own becomes "a file of the server".
  explicit PathNames(std::string root) : root_(std::move(root) + "/") {}
  /// Names that begin others come after them.
  void add(const std::string& path, const std::string& name) { names_.emplace_back(path, name); }
  std::string in(std::string text) const;

 private:
  std::string root_;
  std::vector<std::pair<std::string, std::string>> names_;
};

}  // namespace serdab::work::internal
