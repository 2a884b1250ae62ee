#include "plan_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"

namespace serdab::cli {
namespace {

/// What the rows of one layer say together.
struct Layer {
  std::string name;
  std::size_t level = 0;  ///< after it
  double scale_bits = 0;
  std::map<std::string, double> seconds;  ///< by operation
};

/// In the order in which they first appear.
std::vector<Layer> layers_of(const nlohmann::json& plan) {
  std::vector<Layer> layers;
  std::map<std::string, std::size_t> index;
  for (const auto& row : plan.at("values")) {
    const auto name = row.at("layer").get<std::string>();
    const auto [found, is_new] = index.emplace(name, layers.size());
    if (is_new) layers.push_back({name, 0, 0, {}});
    Layer& layer = layers[found->second];
    layer.level = row.at("level").get<std::size_t>();
    layer.scale_bits = row.at("scale_bits").get<double>();
    layer.seconds[row.at("op").get<std::string>()] += row.at("seconds").get<double>();
  }
  return layers;
}

/// Operations, dearest first, with the seconds of all layers.
std::vector<std::pair<std::string, double>> dearest(const std::vector<Layer>& layers) {
  std::map<std::string, double> totals;
  for (const Layer& layer : layers) {
    for (const auto& [op, seconds] : layer.seconds) totals[op] += seconds;
  }
  std::vector<std::pair<std::string, double>> sorted(totals.begin(), totals.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

std::string seconds_text(double seconds) {
  return seconds < 0.1 ? fmt::format("{:.3g} ms", seconds * 1e3) : fmt::format("{:.3g} s", seconds);
}

/// Of layers that became one, "a + b + c", the first: "a +".
std::string first_of(const std::string& name) {
  const std::size_t at = name.find(" + ");
  return at == std::string::npos ? name : name.substr(0, at + 2);
}

datasets::BarPanel modulus_panel(const std::vector<Layer>& layers,
                                 const std::vector<double>& prime_bits) {
  datasets::BarPanel panel{"bits of modulus left after each layer (above the bars: the level)",
                           {{"scale", {}}, {"above it: room for values and layers to come", {}}},
                           {}};
  for (const Layer& layer : layers) {
    double bits = 0;
    for (std::size_t i = 0; i <= layer.level; ++i) bits += prime_bits.at(i);
    const double scale = std::clamp(layer.scale_bits, 0.0, bits);
    panel.stacks[0].values.push_back(scale);
    panel.stacks[1].values.push_back(bits - scale);
    panel.marks.push_back(std::to_string(layer.level));
  }
  return panel;
}

datasets::BarPanel seconds_panel(const std::vector<Layer>& layers, const nlohmann::json& plan) {
  constexpr std::size_t kNamed = 7;
  const auto ops = dearest(layers);
  const bool milliseconds = plan.at("seconds").get<double>() < 1;
  datasets::BarPanel panel{
      fmt::format("predicted {} of each layer (legend: in all), {} thread(s)",
                  milliseconds ? "milliseconds" : "seconds", plan.at("threads").get<std::size_t>()),
      {},
      {}};
  const auto stack = [&](std::size_t begin, std::size_t end, const std::string& name) {
    double total = 0;
    datasets::Stack values;
    for (const Layer& layer : layers) {
      double sum = 0;
      for (std::size_t k = begin; k < end; ++k) {
        const auto found = layer.seconds.find(ops[k].first);
        if (found != layer.seconds.end()) sum += found->second;
      }
      total += sum;
      values.values.push_back(milliseconds ? sum * 1e3 : sum);
    }
    values.name = fmt::format("{} {:.3g}", name, milliseconds ? total * 1e3 : total);
    panel.stacks.push_back(values);
  };
  for (std::size_t k = 0; k < std::min(kNamed, ops.size()); ++k) stack(k, k + 1, ops[k].first);
  if (ops.size() > kNamed) stack(kNamed, ops.size(), "others");
  return panel;
}

}  // namespace

datasets::BarChart plan_chart(const std::string& json, const std::string& file) {
  try {
    const auto plan = nlohmann::json::parse(json);
    const std::vector<Layer> layers = layers_of(plan);
    if (layers.size() > datasets::kMostBars) {
      base::fail(base::ErrorCode::kLimit, fmt::format("{}: has {} layers; a chart shows at most {}",
                                                      file, layers.size(), datasets::kMostBars));
    }
    const auto count = plan.at("images_per_query").get<std::size_t>();
    datasets::BarChart chart{
        fmt::format("{}: {:.0f} bits of modulus, {} a query of {} image{}",
                    plan.at("model").get<std::string>(), plan.at("log_q").get<double>(),
                    seconds_text(plan.at("seconds").get<double>()), count, count == 1 ? "" : "s"),
        {},
        "layer, first to last",
        {modulus_panel(layers, plan.at("prime_bits").get<std::vector<double>>()),
         seconds_panel(layers, plan)}};
    for (const Layer& layer : layers) chart.names.push_back(first_of(layer.name));
    return chart;
  } catch (const std::exception& error) {
    if (dynamic_cast<const base::Error*>(&error) != nullptr) throw;
    base::fail(base::ErrorCode::kCorrupt, file + ": is no plan of this version (" + error.what() +
                                              "); compile the model again");
  }
}

}  // namespace serdab::cli
