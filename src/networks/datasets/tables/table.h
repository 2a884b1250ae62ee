#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace serdab::datasets {

/// Rows of features with a class each: what a classifier is trained on.
struct Table {
  std::vector<std::string> columns;  ///< names of the features, without the label's
  std::vector<double> values;        ///< row after row, columns.size() each; finite, at most 1e100
  std::vector<std::size_t> lines;    ///< line of the file, from 1 on, that each row was read from
  std::string label_column;
  std::vector<int> labels;           ///< one per row, index into `classes`
  std::vector<std::string> classes;  ///< at least two, each with at least one row

  std::size_t rows() const { return labels.size(); }
  std::size_t width() const { return columns.size(); }
  std::span<const double> row(std::size_t i) const {
    return std::span(values).subspan(i * width(), width());
  }
};

/// The most cells that a table may have, and the most classes.
inline constexpr std::size_t kMaxTableCells = std::size_t{1} << 24;
inline constexpr std::size_t kMaxClasses = 256;

/// Reads a CSV file, plain or .gz, of one of three forms:
///  - a header of column names, none of them a number, then rows;
///  - rows alone: the columns are called column1, column2, …;
///  - scikit-learn's: a first line "rows,features,name of class 0,name of class 1,…", then rows
///  whose
///    last column is the class number; the columns are called column1, ….
/// Empty lines are skipped; cells may stand in quotes, and a byte order mark may stand first.
///
/// `label_column` is a column's name, or "last", or a column's number from 1 on (a name goes before
/// either). Labels are numbers or words. If all are numbers the classes stand in ascending order,
/// else in alphabetical order (of bytes); a class is called as it is first written, or as
/// scikit-learn's first line says. All other columns are features and must be numbers.
///
/// Throws base::Error that names the file, and line and column where there is one: kInvalidArgument
/// (no such column, with a list of those there are), kCorrupt (a cell that is empty, NaN, infinite
/// or not a number; a line with more or fewer cells; two columns of one name; no rows; a single
/// class, or one that has no row; fewer rows than scikit-learn's first line says), kLimit.
Table read_table(const std::filesystem::path& file, const std::string& label_column);

}  // namespace serdab::datasets
