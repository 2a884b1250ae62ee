#include "networks/datasets/tables/cells.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace serdab::datasets {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

/// Takes a quoted cell and the blanks behind it off the front of `line`, which begins with a quote.
std::optional<std::string> take_quoted(std::string_view& line) {
  std::string cell;
  for (std::size_t at = 1; at < line.size(); ++at) {
    if (line[at] != '"') {
      cell += line[at];
    } else if (at + 1 < line.size() && line[at + 1] == '"') {
      cell += line[at++];
    } else {
      line = trimmed(line.substr(at + 1));
      if (!line.empty() && line.front() != ',') return std::nullopt;
      return cell;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::vector<std::string>> split_cells(std::string_view line) {
  std::vector<std::string> cells;
  line = trimmed(line);
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(kBlanks), line.size()));
    if (line.starts_with('"')) {
      auto cell = take_quoted(line);
      if (!cell) return std::nullopt;
      cells.push_back(std::move(*cell));
    } else {
      const std::size_t comma = std::min(line.find(','), line.size());
      cells.emplace_back(trimmed(line.substr(0, comma)));
      line.remove_prefix(comma);
    }
    if (line.empty()) return cells;
    line.remove_prefix(1);  // the comma
  }
}

Cell parse_number(std::string_view cell) {
  if (cell.empty()) return {0.0, CellFault::kEmpty};
  if (cell.starts_with('+') && !cell.starts_with("+-")) cell.remove_prefix(1);
  double value = 0.0;
  const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (end != cell.data() + cell.size() || status == std::errc::invalid_argument) {
    return {0.0, CellFault::kNotANumber};
  }
  // Out of range is too large, or so small that it is zero for every purpose.
  if (status == std::errc::result_out_of_range) {
    const bool tiny = std::abs(std::strtod(std::string(cell).c_str(), nullptr)) < 1.0;
    return {0.0, tiny ? CellFault::kNothing : CellFault::kTooLarge};
  }
  if (std::isnan(value)) return {0.0, CellFault::kNan};
  if (std::isinf(value)) return {0.0, CellFault::kInfinite};
  if (std::abs(value) > kMaxMagnitude) return {0.0, CellFault::kTooLarge};
  return {value, CellFault::kNothing};
}

std::string describe(CellFault fault, std::string_view cell) {
  constexpr std::size_t kLongest = 40;
  std::string shown = "'";
  shown.append(cell.substr(0, kLongest)).append("'");
  switch (fault) {
    case CellFault::kNothing:
      return shown + " is a number";
    case CellFault::kEmpty:
      return "is empty; fill it in or leave the row out";
    case CellFault::kNotANumber:
      return shown + " is not a number";
    case CellFault::kNan:
      return shown + " is no value (NaN); fill it in or leave the row out";
    case CellFault::kInfinite:
      return shown + " is infinite";
    case CellFault::kTooLarge:
      return shown + " is beyond 1e100";
  }
  return shown;
}

}  // namespace serdab::datasets
