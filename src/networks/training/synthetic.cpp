#include "networks/training/synthetic.h"

#include <algorithm>
#include <random>

namespace serdab::training {

LabelledRows synthetic_rows(std::size_t rows, std::size_t features, std::size_t classes,
                            std::uint64_t seed) {
  constexpr double kCentres = 0.7, kSpread = 0.3;
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> uniform(-kCentres, kCentres);
  std::normal_distribution<double> normal(0, kSpread);
  std::vector<double> centres(classes * features);
  for (double& c : centres) c = uniform(random);
  LabelledRows result;
  for (std::size_t r = 0; r < rows; ++r) {
    const std::size_t label = r % classes;
    result.labels.push_back(static_cast<std::uint32_t>(label));
    for (std::size_t f = 0; f < features; ++f) {
      result.features.push_back(
          std::clamp(centres[label * features + f] + normal(random), -1.0, 1.0));
    }
  }
  return result;
}

}  // namespace serdab::training
