#include "networks/datasets/formats/csv.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "networks/datasets/formats/bytes.h"

namespace serdab::datasets {
namespace {

std::string_view trimmed(std::string_view cell) {
  while (!cell.empty() && (cell.front() == ' ' || cell.front() == '+')) cell.remove_prefix(1);
  while (!cell.empty() && (cell.back() == ' ' || cell.back() == '\r')) cell.remove_suffix(1);
  return cell;
}

struct Row {
  std::vector<float> values;
  std::optional<std::size_t> bad_column;  ///< the first that is no finite number, from 1 on
  std::string bad_cell;
};

Row parse_row(std::string_view line) {
  Row row;
  while (true) {
    const std::size_t comma = std::min(line.find(','), line.size());
    const std::string_view cell = trimmed(line.substr(0, comma));
    double value = 0.0;
    const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (status != std::errc() || end != cell.data() + cell.size() || !std::isfinite(value)) {
      row.bad_column = row.values.size() + 1;
      row.bad_cell = cell.substr(0, 40);
      return row;
    }
    row.values.push_back(static_cast<float>(value));
    if (comma == line.size()) return row;
    line.remove_prefix(comma + 1);
  }
}

}  // namespace

Images read_csv(const std::filesystem::path& file) {
  const Bytes bytes = read_bytes(file);
  std::string_view text = as_text(bytes);
  Images table;
  std::size_t width = 0, rows = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) continue;
    Row row = parse_row(line);
    const bool may_be_header = number == 1;
    if (row.bad_column) {
      if (may_be_header) continue;
      corrupt(file, "line " + std::to_string(number) + ", column " +
                        std::to_string(*row.bad_column) + ": '" + row.bad_cell +
                        "' is not a number");
    }
    if (rows == 1 && width != row.values.size() && number == 2) {
      table.pixels.clear();  // the first line was a header of numbers
      rows = 0;
    }
    if (rows > 0 && width != row.values.size()) {
      corrupt(file, "line " + std::to_string(number) + " has " + std::to_string(row.values.size()) +
                        " columns, the lines before it " + std::to_string(width));
    }
    width = row.values.size();
    table.pixels.insert(table.pixels.end(), row.values.begin(), row.values.end());
    ++rows;
  }
  if (rows == 0) corrupt(file, "holds no rows of numbers");
  table.shape = {width};
  return table;
}

}  // namespace serdab::datasets
