#include "networks/training/lower/lowered_step.h"

#include "engine/base/error.h"

namespace serdab::training {

std::vector<double> place(const LoweredStep& step, const std::string& port, const Tensors& values) {
  std::vector<double> rows;
  for (const auto& [name, place] : step.places) {
    if (place.port != port) continue;
    const packing::SlotLayout& layout = place.layout;
    const auto at = values.find(name);
    if (at == values.end() || at->second.size() != layout.elements()) {
      base::fail(base::ErrorCode::kInvalidArgument,
                 "tensor '" + name + "' has " +
                     (at == values.end() ? "no" : std::to_string(at->second.size())) +
                     " values, needs " + std::to_string(layout.elements()));
    }
    rows.resize(std::size_t{layout.positions} * layout.ciphertexts);
    for (std::size_t e = 0; e < layout.elements(); ++e) {
      for (const std::uint32_t row : layout.of(e)) rows[row] = at->second[e];
    }
  }
  return rows;
}

TensorValues collect(const TensorPlace& place, const std::vector<double>& rows) {
  TensorValues values(place.layout.elements());
  for (std::size_t e = 0; e < values.size(); ++e) values[e] = rows[place.layout.of(e)[0]];
  return values;
}

}  // namespace serdab::training
