#pragma once

#include <span>
#include <string>

#include "networks/datasets/picture/bars.h"

namespace serdab::cli {

/// A plan as a picture, from plan.json: for each layer, first to last, the bits of modulus that are
/// left after it (of which the scale; the level above the bar), and below the predicted seconds by
/// kind of operation, the seven dearest by name. Throws base::Error(kCorrupt) that names `file`,
/// and kLimit for more layers than a chart has bars.
datasets::BarChart plan_chart(const std::string& json, const std::string& file);

}  // namespace serdab::cli
