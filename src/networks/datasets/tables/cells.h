#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace serdab::datasets {

/// The cells of one line of a CSV file, without spaces around them. A cell in double quotes may
/// hold commas, and a quote written twice (RFC 4180); it ends on its line. nullopt: a quote is not
/// closed, or text follows it.
std::optional<std::vector<std::string>> split_cells(std::string_view line);

/// What is wrong with a cell that should be a number; kNothing: it is one.
enum class CellFault { kNothing, kEmpty, kNotANumber, kNan, kInfinite, kTooLarge };

struct Cell {
  double value = 0.0;
  CellFault fault = CellFault::kNothing;
};

/// Magnitudes above this are refused, so that sums of squares stay finite.
inline constexpr double kMaxMagnitude = 1e100;

/// A decimal number, perhaps with sign and exponent.
Cell parse_number(std::string_view cell);

/// "is empty", "'abc' is not a number", …; long cells are cut.
std::string describe(CellFault fault, std::string_view cell);

}  // namespace serdab::datasets
