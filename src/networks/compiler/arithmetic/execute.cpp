#include "networks/compiler/arithmetic/execute.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace serdab::compiler {
namespace {

using graph::Range;

/// Images computed side by side, so that the inner loops run over independent values.
constexpr std::size_t kLanes = 32;
using Lane = std::array<double, kLanes>;
using Lanes = std::vector<Lane>;

constexpr Range kNothing{std::numeric_limits<double>::infinity(),
                         -std::numeric_limits<double>::infinity()};

void widen(Range& range, const Range& by) {
  range.low = std::min(range.low, by.low);
  range.high = std::max(range.high, by.high);
}

Range range_of(const Lanes& value) {
  Range range = kNothing;
  for (const Lane& lane : value) {
    for (double x : lane) widen(range, {x, x});
  }
  return range;
}

/// Gathers up to kLanes images; lanes beyond `count` repeat the first image.
Lanes load(std::span<const double> images, std::size_t features, std::size_t count) {
  Lanes lanes(features);
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    const double* image = images.data() + (lane < count ? lane : 0) * features;
    for (std::size_t i = 0; i < features; ++i) lanes[i][lane] = image[i];
  }
  return lanes;
}

Lanes evaluate(const Affine& affine, const std::vector<Lanes>& values) {
  Lanes y(affine.bias.size());
  for (std::size_t r = 0; r < y.size(); ++r) {
    Lane sum;
    sum.fill(affine.bias[r]);
    for (const auto& term : affine.terms) {
      const Lanes& x = values[term.from];
      const auto columns = term.map.row_columns(r);
      const auto weights = term.map.row_values(r);
      for (std::size_t k = 0; k < columns.size(); ++k) {
        const Lane& from = x[columns[k]];
        for (std::size_t i = 0; i < kLanes; ++i) sum[i] += weights[k] * from[i];
      }
    }
    y[r] = sum;
  }
  return y;
}

Lanes evaluate(const Polynomial& polynomial, const std::vector<Lanes>& values) {
  const Lanes& x = values[polynomial.from];
  Lanes y(x.size());
  for (std::size_t e = 0; e < y.size(); ++e) {
    const auto& c = polynomial.coefficients(e);
    Lane sum{};
    for (std::size_t k = c.size(); k-- > 0;) {
      for (std::size_t i = 0; i < kLanes; ++i) sum[i] = sum[i] * x[e][i] + c[k];
    }
    y[e] = sum;
  }
  return y;
}

/// For every value, the last step that reads it; the output is never let go.
std::vector<std::size_t> last_uses(const ArithmeticNetwork& network) {
  std::vector<std::size_t> last(network.value_count(), 0);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    for (ValueId from : inputs_of(network.steps[i])) last[from] = i;
  }
  last[network.output()] = network.steps.size();
  return last;
}

/// Computes every value of one chunk; `visit(value, lanes)` sees each before it may be let go.
template <typename Visit>
void run_chunk(const ArithmeticNetwork& network, Lanes input, Visit visit) {
  const auto last = last_uses(network);
  std::vector<Lanes> values(network.value_count());
  values[0] = std::move(input);
  visit(0, values[0]);
  for (std::size_t i = 0; i < network.steps.size(); ++i) {
    values[i + 1] =
        std::visit([&](const auto& op) { return evaluate(op, values); }, network.steps[i].op);
    visit(i + 1, values[i + 1]);
    for (ValueId from : inputs_of(network.steps[i])) {
      if (last[from] == i) values[from] = Lanes();
    }
  }
}

std::size_t count_images(const ArithmeticNetwork& network, std::span<const double> images) {
  const std::size_t features = network.size(0);
  if (images.size() % features != 0) {
    base::fail(
        base::ErrorCode::kInvalidArgument,
        fmt::format("the network takes images of {} values; {} values are no whole number of "
                    "them",
                    graph::to_string(network.input_shape), images.size()));
  }
  return images.size() / features;
}

}  // namespace

graph::Execution execute(const ArithmeticNetwork& network, std::span<const double> images) {
  const std::size_t count = count_images(network, images);
  const std::size_t features = network.size(0), outputs = network.size(network.output());
  graph::Execution result;
  result.outputs.resize(count * outputs);
  std::vector<std::vector<Range>> ranges((count + kLanes - 1) / kLanes);
  base::parallel_for(ranges.size(), [&](std::size_t chunk) {
    const std::size_t first = chunk * kLanes, size = std::min(kLanes, count - first);
    const auto own = images.subspan(first * features, size * features);
    run_chunk(network, load(own, features, size), [&](ValueId value, const Lanes& lanes) {
      ranges[chunk].push_back(range_of(lanes));
      if (value != network.output()) return;
      for (std::size_t lane = 0; lane < size; ++lane) {
        double* to = result.outputs.data() + (first + lane) * outputs;
        for (std::size_t i = 0; i < outputs; ++i) to[i] = lanes[i][lane];
      }
    });
  });
  result.ranges.assign(network.value_count(), kNothing);
  for (const auto& chunk : ranges) {
    for (ValueId value = 0; value < chunk.size(); ++value)
      widen(result.ranges[value], chunk[value]);
  }
  return result;
}

std::vector<std::vector<double>> trace(const ArithmeticNetwork& network,
                                       std::span<const double> image) {
  base::require(count_images(network, image) == 1, base::ErrorCode::kInvalidArgument,
                "a trace takes one image");
  std::vector<std::vector<double>> result(network.value_count());
  run_chunk(network, load(image, network.size(0), 1), [&](ValueId value, const Lanes& lanes) {
    for (const Lane& lane : lanes) result[value].push_back(lane[0]);
  });
  return result;
}

}  // namespace serdab::compiler
