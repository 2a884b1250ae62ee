#include <cstdio>
#include <fstream>
#include <map>

#include "engine/base/error.h"
#include "networks/datasets/picture/curves.h"
#include "networks/datasets/picture/replace_file.h"

namespace serdab::datasets {
namespace {

std::string number(double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.17g", value);
  return text;
}

/// In quotes where a reader of CSV would otherwise misread it.
std::string cell(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == name.npos) return name;
  std::string quoted = "\"";
  for (char c : name) quoted.append(c == '"' ? 2 : 1, c);
  return quoted + '"';
}

std::string csv_text(const Chart& chart) {
  std::map<double, std::vector<std::string>> lines;
  for (std::size_t s = 0; s < chart.series.size(); ++s) {
    for (const Point& p : chart.series[s].points) {
      auto& cells = lines[p.x];
      cells.resize(chart.series.size());
      cells[s] = number(p.y);
    }
  }
  std::string text = cell(chart.x_label);
  for (const Series& series : chart.series) text += ',' + cell(series.name);
  text += '\n';
  for (const auto& [x, cells] : lines) {
    text += number(x);
    for (const std::string& value : cells) text += ',' + value;
    text += '\n';
  }
  return text;
}

}  // namespace

void write_csv(const Chart& chart, const std::filesystem::path& file) {
  const std::string text = csv_text(chart);
  replace_file(file, [&](const std::filesystem::path& part) {
    std::ofstream stream(part, std::ios::binary);
    stream << text;
    stream.close();
    if (!stream) base::fail(base::ErrorCode::kIo, file.string() + ": cannot be written");
  });
}

}  // namespace serdab::datasets
