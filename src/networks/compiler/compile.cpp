#include "networks/compiler/compile.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include "engine/base/error.h"
#include "networks/compiler/arithmetic/bounds.h"
#include "networks/compiler/choose_layout.h"
#include "networks/compiler/passes/fold_batch_norm/fold_batch_norm.h"
#include "networks/compiler/passes/lower/lower.h"
#include "networks/compiler/passes/merge_linear/merge_linear.h"
#include "networks/compiler/passes/prune/prune.h"
#include "networks/compiler/rotation_keys/limit_rotation_keys.h"
#include "networks/graph/executor/executor.h"
#include "networks/program/answer_form.h"
#include "networks/program/split_sums.h"

namespace serdab::compiler {
namespace {

// Sensitivities are averages: a few hundred images settle them.
constexpr std::size_t kMaxCalibration = 512;

program::Bundle transpose(const std::vector<double>& images_by_outputs, std::size_t count) {
  program::Bundle bundle(images_by_outputs.size() / count, count);
  for (std::size_t o = 0; o < bundle.count; ++o) {
    for (std::size_t i = 0; i < count; ++i) {
      bundle.row(o)[i] = images_by_outputs[i * bundle.count + o];
    }
  }
  return bundle;
}

std::vector<std::string> class_names(const graph::Graph& graph) {
  const auto at = graph.metadata.find("classes");
  if (at == graph.metadata.end()) return {};
  const auto json = nlohmann::json::parse(at->second, nullptr, /*allow_exceptions=*/false);
  std::vector<std::string> names;
  if (!json.is_array()) return names;
  for (const auto& name : json)
    names.push_back(name.is_string() ? name.get<std::string>() : name.dump());
  return names;
}

program::Manifest make_manifest(const graph::Graph& graph, const ArithmeticNetwork& network,
                                std::vector<std::uint32_t> input_elements) {
  program::Manifest manifest;
  const auto named = graph.metadata.find("name");
  manifest.model = named != graph.metadata.end() ? named->second : graph.name;
  for (std::size_t d : network.input_shape)
    manifest.input_shape.push_back(static_cast<std::uint32_t>(d));
  manifest.input_elements = std::move(input_elements);
  manifest.classes = class_names(graph);
  manifest.softmax = graph.output_activation != graph::OutputActivation::kNone;
  return manifest;
}

// The largest magnitude that an answer can take for any input within the box.
double guaranteed_magnitude(const ArithmeticNetwork& network, const program::Manifest& manifest) {
  const graph::Range box{manifest.input_low, manifest.input_high};
  const std::vector<Intervals> intervals = bounds(network, std::span(&box, 1));
  double largest = 0;
  for (const graph::Range& range : intervals.back()) {
    largest = std::max({largest, std::abs(range.low), std::abs(range.high)});
  }
  return largest;
}

// What the last modulus can hold.
double wrap_limit(const program::Program& program) {
  const program::Value& answer = program.answer();
  double log_q = 0;
  for (std::size_t i = 0; i < answer.level.primes(); ++i) {
    log_q += std::log2(static_cast<double>(program.primes[i]));
  }
  return std::exp2(log_q - 1) / answer.scale.value;
}

}  // namespace

ArithmeticNetwork simplify(const graph::Graph& graph) { return prune(merge_linear(lower(graph))); }

Compiled compile(const graph::Graph& graph, std::span<const double> calibration,
                 const CompileOptions& options, const ckks_params::MachineProfile& machine) {
  const std::size_t elements = graph::element_count(graph.input_shape());
  if (calibration.empty() || calibration.size() % elements != 0) {
    base::fail(base::ErrorCode::kInvalidArgument, "compile: calibration needs whole images of " +
                                                      std::to_string(elements) + " values");
  }
  const std::size_t count = std::min(calibration.size() / elements, kMaxCalibration);
  const auto images = calibration.first(count * elements);
  ApproximatedGraph approximated =
      approximate_activations(fold_batch_norm(graph), images, options.activations);
  const ArithmeticNetwork network = simplify(approximated.graph);
  Choice choice = choose_layout(
      network, images, transpose(graph::execute(approximated.graph, images).outputs, count),
      options, machine);
  BuiltCircuit& built = choice.built;
  SearchResult& found = choice.found;

  Compiled result;
  result.package.manifest = make_manifest(graph, network, std::move(built.input_elements));
  result.package.manifest.answer_rows = built.circuit.answer_rows;
  result.package.parameters = std::move(found.parameters);
  result.package.program = program::split_sums(found.emitted.program);
  result.package.manifest.answer_rows = std::move(built.circuit.answer_rows);
  std::vector<std::string> key_notes;
  if (options.max_key_bytes) {
    const std::size_t given_up = limit_rotation_keys(result.package, *options.max_key_bytes);
    if (given_up > 0) {
      key_notes.push_back(
          fmt::format("{} rotation keys left out: their rotations take several steps", given_up));
    }
  }
  result.package.manifest.answer_limit = std::min(
      wrap_limit(result.package.program), found.largest_answer * std::exp2(choice.guard_bits));
  result.package.manifest.answer_noise = found.answer_noise;
  result.package.manifest.answer_form = program::choose_answer_form(result.package);
  result.plan = make_plan(result.package, machine, options.threads);
  result.plan.precision_bits = found.precision_bits;
  result.plan.largest_answer = found.largest_answer;
  result.plan.calibration_images = count;
  result.plan.considered = std::move(found.considered);
  result.plan.notes = graph.notes;
  result.plan.notes.insert(result.plan.notes.end(), choice.notes.begin(), choice.notes.end());
  result.plan.notes.insert(result.plan.notes.end(), key_notes.begin(), key_notes.end());
  for (const Approximation& a : approximated.approximations) {
    result.plan.notes.push_back(fmt::format(
        "{} '{}' became a polynomial of degree {} on [{:.3g}, {:.3g}], error up to {:.2g} there",
        a.function, a.layer, a.degree, a.interval.low, a.interval.high, a.max_error));
  }
  result.plan.guaranteed_magnitude = guaranteed_magnitude(network, result.package.manifest);
  result.approximations = std::move(approximated.approximations);
  return result;
}

}  // namespace serdab::compiler
