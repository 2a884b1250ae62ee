#include "admin/table.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

namespace serdab::cli::admin {

void print_table(const Row& heads, const std::vector<Row>& rows, const std::string& nothing) {
  if (rows.empty()) {
    fmt::print("{}\n", nothing);
    return;
  }
  std::vector<std::size_t> widths;
  for (const std::string& head : heads) widths.push_back(head.size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto print = [&](const Row& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 < row.size() ? fmt::format("{:<{}}  ", row[i], widths[i]) : row[i];
    }
    fmt::print("{}\n", line);
  };
  print(heads);
  for (const Row& row : rows) print(row);
}

std::string time_text(store::Time time) {
  return time == 0 ? "never" : fmt::format("{:%Y-%m-%d %H:%M}", fmt::gmtime(time));
}

}  // namespace serdab::cli::admin
