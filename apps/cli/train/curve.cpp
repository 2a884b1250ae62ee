#include "train/curve.h"

#include <array>
#include <cstdlib>
#include <map>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "networks/datasets/picture/curves.h"
#include "service/wire/file.h"

namespace serdab::cli::train {
namespace {

using Points = std::map<double, std::array<double, 2>>;

Points read_points(const std::string& csv) {
  Points points;
  if (!base::exists(csv)) return points;
  const auto bytes = wire::read_file(csv, std::uint64_t{1} << 28);
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  std::string line;
  std::getline(lines, line);  // header
  for (std::size_t number = 2; std::getline(lines, line); ++number) {
    std::array<double, 3> cells{};
    const char* at = line.c_str();
    for (double& cell : cells) {
      char* end = nullptr;
      cell = std::strtod(at, &end);
      if (end == at) {
        base::fail(base::ErrorCode::kCorrupt, csv + ": line " + std::to_string(number) +
                                                  " is not step,loss,accuracy; remove the file "
                                                  "to begin a new curve");
      }
      at = *end == ',' ? end + 1 : end;
    }
    points[cells[0]] = {cells[1], cells[2]};
  }
  return points;
}

}  // namespace

void add_to_curve(const std::string& csv, const std::string& picture, const std::string& task,
                  std::uint64_t step, const Score& score) {
  Points points = read_points(csv);
  points[static_cast<double>(step)] = {score.loss, score.accuracy};
  datasets::Chart chart{task + ": training rows", "step", "", {{"loss", {}}, {"accuracy", {}}}};
  for (const auto& [x, y] : points) {
    chart.series[0].points.push_back({x, y[0]});
    chart.series[1].points.push_back({x, y[1]});
  }
  datasets::write_csv(chart, csv);
  datasets::write_chart(chart, picture);
}

}  // namespace serdab::cli::train
