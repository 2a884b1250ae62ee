#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "networks/program/package.h"
#include "networks/program/work_kinds.h"

namespace serdab::cli {

/// One kind of a query's work: what it took, what the plan says and what the machine would need.
struct StageRow {
  std::string stage;
  std::size_t times = 0;
  double measured_ms = 0;
  double predicted_ms = 0;
  double floor_ms = 0;
};

/// One row for each kind of work that the program has. Measures clock and memory first.
std::vector<StageRow> stage_rows(const program::Package& package,
                                 const program::ByWork<double>& measured_seconds);

std::string stage_text(const std::vector<StageRow>& rows);
nlohmann::json stage_json(const std::vector<StageRow>& rows);

}  // namespace serdab::cli
