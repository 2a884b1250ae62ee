#include "networks/datasets/tables/lines.h"

#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "networks/datasets/formats/bytes.h"
#include "networks/datasets/tables/cells.h"
#include "networks/datasets/tables/table.h"

namespace serdab::datasets {
namespace {

bool is_number(const std::string& cell) {
  const CellFault fault = parse_number(cell).fault;
  return fault == CellFault::kNothing || fault == CellFault::kTooLarge;
}

std::optional<std::size_t> whole_number(const std::string& cell) {
  const Cell parsed = parse_number(cell);
  if (parsed.fault != CellFault::kNothing || parsed.value < 1 || parsed.value > 1e9) return {};
  const auto whole = static_cast<std::size_t>(parsed.value);
  if (static_cast<double>(whole) != parsed.value) return {};
  return whole;
}

std::string line_name(std::size_t number) { return "line " + std::to_string(number); }

void count_cells(std::size_t& cells, std::size_t more, const std::filesystem::path& file) {
  cells += more;
  if (cells <= kMaxTableCells) return;
  base::fail(base::ErrorCode::kLimit, file.string() + ": has more than 2^24 cells");
}

void append_lines(std::string_view text, const std::filesystem::path& file, Lines& lines) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  std::size_t cells = 0;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == line.npos) continue;
    // Before memory is taken: no cell is shorter than its comma.
    count_cells(cells, 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), ',')),
                file);
    auto split = split_cells(line);
    if (!split) corrupt(file, line_name(number) + ": a quoted cell is not closed at its end");
    lines.rows.push_back(std::move(*split));
    lines.numbers.push_back(number);
  }
}

/// True for "150,4,setosa,versicolor,virginica" before rows of 4 + 1 cells.
bool is_scikit_learn(const Lines& lines) {
  const auto& first = lines.rows[0];
  if (lines.rows.size() < 2 || first.size() < 4 || !whole_number(first[0])) return false;
  const auto features = whole_number(first[1]);
  return features && lines.rows[1].size() == *features + 1 &&
         std::none_of(first.begin() + 2, first.end(), is_number);
}

void number_columns(Lines& lines) {
  for (std::size_t i = 1; i <= lines.rows[0].size(); ++i) {
    lines.columns.push_back("column" + std::to_string(i));
  }
}

std::vector<std::string> take_first(Lines& lines) {
  std::vector<std::string> first = std::move(lines.rows.front());
  lines.rows.erase(lines.rows.begin());
  lines.numbers.erase(lines.numbers.begin());
  return first;
}

void take_header(Lines& lines, const std::filesystem::path& file) {
  lines.columns = take_first(lines);
  std::set<std::string> seen;
  for (std::size_t i = 0; i < lines.columns.size(); ++i) {
    std::string& name = lines.columns[i];
    if (name.empty()) name = "column" + std::to_string(i + 1);
    if (!seen.insert(name).second) corrupt(file, "two columns are called '" + name + "'");
  }
}

void take_scikit_learn_header(Lines& lines, const std::filesystem::path& file) {
  const std::vector<std::string> first = take_first(lines);
  const std::size_t promised = *whole_number(first[0]);
  if (promised != lines.rows.size()) {
    corrupt(file,
            "line 1 says " + first[0] + " rows, " + std::to_string(lines.rows.size()) + " follow");
  }
  lines.names = std::vector<std::string>(first.begin() + 2, first.end());
  number_columns(lines);
}

void check_widths(const Lines& lines, const std::filesystem::path& file) {
  if (lines.rows.empty()) corrupt(file, "has a header but no rows");
  for (std::size_t i = 0; i < lines.rows.size(); ++i) {
    const std::size_t width = lines.rows[i].size(), expected = lines.columns.size();
    if (width == expected) continue;
    corrupt(file, line_name(lines.numbers[i]) + " has " + std::to_string(width) +
                      " cells where there are " + std::to_string(expected) +
                      " columns (the last '" + lines.columns.back() + "')");
  }
}

}  // namespace

Lines read_lines(const std::filesystem::path& file) {
  const Bytes bytes = read_bytes(file);
  Lines lines;
  append_lines(as_text(bytes), file, lines);
  if (lines.rows.empty()) corrupt(file, "holds no rows");
  const auto& first = lines.rows[0];
  if (is_scikit_learn(lines)) {
    take_scikit_learn_header(lines, file);
  } else if (std::none_of(first.begin(), first.end(), is_number)) {
    take_header(lines, file);
  } else {
    number_columns(lines);
  }
  check_widths(lines, file);
  return lines;
}

}  // namespace serdab::datasets
