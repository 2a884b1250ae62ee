#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace serdab::datasets {

/// A CSV file cut into cells, before anything is known about them.
struct Lines {
  std::vector<std::string> columns;               ///< names, all different
  std::vector<std::vector<std::string>> rows;     ///< columns.size() cells each; at least one row
  std::vector<std::size_t> numbers;               ///< line of each row, from 1 on
  std::optional<std::vector<std::string>> names;  ///< of the classes, in scikit-learn's form
};

/// Reads the three forms that read_table describes and finds out which one it is.
Lines read_lines(const std::filesystem::path& file);

}  // namespace serdab::datasets
