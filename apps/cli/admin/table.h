#pragma once

#include <string>
#include <vector>

#include "service/store/store.h"

namespace serdab::cli::admin {

using Row = std::vector<std::string>;

/// Columns under their heads, or `nothing` if there are no rows.
void print_table(const Row& heads, const std::vector<Row>& rows, const std::string& nothing);

/// "2026-11-21 23:50" in UTC; "never" for 0.
std::string time_text(store::Time time);

}  // namespace serdab::cli::admin
