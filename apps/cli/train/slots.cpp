#include "train/slots.h"

#include <algorithm>
#include <cmath>

namespace serdab::cli::train {
namespace {

client::PortRows rows_of(const training::LoweredStep& lowered, const program::StepPackage& package,
                         const training::Tensors& tensors, bool state) {
  client::PortRows rows;
  for (const auto& [name, port] : program::input_ports(package.programs.front())) {
    if (program::is_state(package, name) != state) continue;
    rows[name] = training::place(lowered, name, tensors);
  }
  return rows;
}

}  // namespace

client::PortRows data_rows(const training::LoweredStep& lowered,
                           const program::StepPackage& package, const training::Tensors& tensors) {
  return rows_of(lowered, package, tensors, false);
}

client::PortRows state_rows(const training::LoweredStep& lowered,
                            const program::StepPackage& package, const training::Tensors& tensors) {
  return rows_of(lowered, package, tensors, true);
}

training::Tensors tensors_in(const training::LoweredStep& lowered, const client::PortRows& rows) {
  training::Tensors tensors;
  for (const auto& [name, place] : lowered.places) {
    const auto at = rows.find(place.port);
    if (at != rows.end()) tensors[name] = training::collect(place, at->second);
  }
  return tensors;
}

double largest_difference(const training::Tensors& a, const training::Tensors& b) {
  double largest = 0;
  for (const auto& [name, values] : a) {
    const training::TensorValues& others = b.at(name);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double difference = std::abs(values[i] - others.at(i));
      largest = std::isnan(difference) ? INFINITY : std::max(largest, difference);
    }
  }
  return largest;
}

}  // namespace serdab::cli::train
