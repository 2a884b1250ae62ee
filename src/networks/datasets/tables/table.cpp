#include "networks/datasets/tables/table.h"

#include <algorithm>
#include <map>

#include "engine/base/error.h"
#include "networks/datasets/formats/bytes.h"
#include "networks/datasets/tables/cells.h"
#include "networks/datasets/tables/lines.h"

namespace serdab::datasets {
namespace {

using base::ErrorCode;

std::string place(const Lines& lines, std::size_t row, std::size_t column) {
  return "line " + std::to_string(lines.numbers[row]) + ", column '" + lines.columns[column] +
         "': ";
}

std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 40;
  std::string list;
  for (std::size_t i = 0; i < std::min(names.size(), kMost); ++i) {
    list += (i == 0 ? "" : ", ") + names[i];
  }
  return names.size() > kMost ? list + ", … (" + std::to_string(names.size()) + " in all)" : list;
}

/// Index of the column that `wanted` names, numbers or calls "last".
std::size_t find_column(const Lines& lines, const std::string& wanted,
                        const std::filesystem::path& file) {
  const auto named = std::find(lines.columns.begin(), lines.columns.end(), wanted);
  if (named != lines.columns.end()) return static_cast<std::size_t>(named - lines.columns.begin());
  if (wanted == "last") return lines.columns.size() - 1;
  for (std::size_t i = 0; i < lines.columns.size(); ++i) {
    if (wanted == std::to_string(i + 1)) return i;
  }
  base::fail(ErrorCode::kInvalidArgument,
             file.string() + ": has no column '" + wanted + "' for the label; there are " +
                 list_of(lines.columns) + "; 'last' and numbers from 1 to " +
                 std::to_string(lines.columns.size()) + " are understood too");
}

/// The different label texts in the order of the classes, each with its class; texts that stand for
/// the same number ("1" and "1.0") share one.
std::map<std::string, int> order_words(const std::map<std::string, std::size_t>& first_row,
                                       std::vector<std::string>& classes) {
  std::map<std::string, int> class_of;
  const bool numbers = std::all_of(first_row.begin(), first_row.end(), [](const auto& word) {
    return parse_number(word.first).fault == CellFault::kNothing;
  });
  if (!numbers) {
    for (const auto& [word, row] : first_row) {
      class_of[word] = static_cast<int>(classes.size());
      classes.push_back(word);
    }
    return class_of;
  }
  std::map<double, std::pair<std::size_t, std::string>> by_value;  // first row and its text
  for (const auto& [word, row] : first_row) {
    const auto found = by_value.try_emplace(parse_number(word).value, row, word).first;
    found->second = std::min(found->second, {row, word});
  }
  for (const auto& [value, first] : by_value) {
    for (const auto& [word, row] : first_row) {
      if (parse_number(word).value == value) class_of[word] = static_cast<int>(classes.size());
    }
    classes.push_back(first.second);
  }
  return class_of;
}

void check_label(const std::string& cell, const Lines& lines, std::size_t row, std::size_t column,
                 const std::filesystem::path& file) {
  const CellFault fault = parse_number(cell).fault;
  if (fault == CellFault::kNothing || fault == CellFault::kNotANumber) return;
  corrupt(file, place(lines, row, column) + describe(fault, cell));
}

void read_labels(const Lines& lines, std::size_t column, const std::filesystem::path& file,
                 Table& table) {
  std::map<std::string, std::size_t> first_row;
  for (std::size_t row = 0; row < lines.rows.size(); ++row) {
    const std::string& cell = lines.rows[row][column];
    check_label(cell, lines, row, column, file);
    first_row.try_emplace(cell, row);
    if (first_row.size() > kMaxClasses) {
      base::fail(ErrorCode::kLimit,
                 file.string() + ": " + place(lines, row, column) + "more than " +
                     std::to_string(kMaxClasses) +
                     " different values; a label must be a class, not a quantity");
    }
  }
  const auto class_of = order_words(first_row, table.classes);
  for (const auto& row : lines.rows) table.labels.push_back(class_of.at(row[column]));
  if (table.classes.size() < 2) {
    corrupt(file, "column '" + lines.columns[column] + "': every row is of the class '" +
                      table.classes[0] + "'; at least two classes are needed");
  }
}

/// In scikit-learn's form the label is the class number, counted from 0, and its name stands in the
/// first line.
void name_classes(const Lines& lines, std::size_t column, const std::filesystem::path& file,
                  Table& table) {
  const std::size_t count = lines.names->size();
  for (std::size_t row = 0; row < lines.rows.size(); ++row) {
    const std::string& cell = lines.rows[row][column];
    const double value = parse_number(cell).value;
    const bool whole = parse_number(cell).fault == CellFault::kNothing && value >= 0 &&
                       value < static_cast<double>(count) &&
                       value == static_cast<double>(static_cast<int>(value));
    if (!whole) {
      corrupt(file, place(lines, row, column) + "'" + cell.substr(0, 40) +
                        "' is no class number from 0 to " + std::to_string(count - 1));
    }
  }
  if (table.classes.size() != count) {
    corrupt(file, "line 1 names " + std::to_string(count) + " classes, " +
                      std::to_string(table.classes.size()) + " of them have rows");
  }
  table.classes = *lines.names;
}

void read_features(const Lines& lines, std::size_t label, const std::filesystem::path& file,
                   Table& table) {
  table.values.reserve(lines.rows.size() * table.columns.size());
  for (std::size_t row = 0; row < lines.rows.size(); ++row) {
    for (std::size_t column = 0; column < lines.columns.size(); ++column) {
      if (column == label) continue;
      const std::string& cell = lines.rows[row][column];
      const Cell parsed = parse_number(cell);
      if (parsed.fault != CellFault::kNothing) {
        corrupt(file, place(lines, row, column) + describe(parsed.fault, cell));
      }
      table.values.push_back(parsed.value);
    }
  }
}

}  // namespace

Table read_table(const std::filesystem::path& file, const std::string& label_column) {
  const Lines lines = read_lines(file);
  const std::size_t label = find_column(lines, label_column, file);
  Table table;
  table.label_column = lines.columns[label];
  table.lines = lines.numbers;
  for (std::size_t i = 0; i < lines.columns.size(); ++i) {
    if (i != label) table.columns.push_back(lines.columns[i]);
  }
  if (table.columns.empty()) corrupt(file, "has no column beside the label");
  read_features(lines, label, file, table);
  read_labels(lines, label, file, table);
  if (lines.names && label + 1 == lines.columns.size()) name_classes(lines, label, file, table);
  return table;
}

}  // namespace serdab::datasets
