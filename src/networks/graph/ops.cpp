#include "networks/graph/ops.h"

#include <algorithm>
#include <cctype>
#include <cmath>

namespace serdab::graph {
namespace {

constexpr std::array kOpNames{"Input",      "Conv",       "BatchNorm",   "Dense",
                              "ScaleShift", "Sum",        "Multiply",    "Power",
                              "Polynomial", "Activation", "AveragePool", "Mean",
                              "Reshape",    "Transpose",  "Pad",         "Concat"};
static_assert(kOpNames.size() == std::variant_size_v<Op>);

constexpr std::array kActivationNames{"Relu", "LeakyRelu", "Sigmoid", "Tanh", "Softplus",
                                      "Erf",  "Silu",      "Mish",    "Gelu", "HardSwish"};

struct NamedActivation {
  const char* name;
  ActivationKind kind;
};
constexpr NamedActivation kNamed[] = {
    {"relu", ActivationKind::kRelu},  {"sigmoid", ActivationKind::kSigmoid},
    {"tanh", ActivationKind::kTanh},  {"softplus", ActivationKind::kSoftplus},
    {"erf", ActivationKind::kErf},    {"silu", ActivationKind::kSilu},
    {"swish", ActivationKind::kSilu}, {"mish", ActivationKind::kMish},
    {"gelu", ActivationKind::kGelu},  {"hardswish", ActivationKind::kHardSwish}};

double sigmoid(double x) {
  if (x >= 0) return 1.0 / (1.0 + std::exp(-x));
  const double e = std::exp(x);
  return e / (1.0 + e);
}

double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

}  // namespace

std::size_t Polynomial::degree() const {
  std::size_t degree = 0;
  for (const auto& set : sets) degree = std::max(degree, set.empty() ? 0 : set.size() - 1);
  return degree;
}

std::string_view op_name(const Op& op) {
  if (const auto* activation = std::get_if<Activation>(&op)) {
    return kActivationNames[static_cast<std::size_t>(activation->kind)];
  }
  return kOpNames[op.index()];
}

std::vector<std::string> activation_names() {
  std::vector<std::string> names;
  for (const NamedActivation& named : kNamed) names.push_back(named.name);
  return names;
}

std::optional<ActivationKind> find_activation(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const NamedActivation& named : kNamed) {
    if (lower == named.name) return named.kind;
  }
  return std::nullopt;
}

double activation_value(const Activation& activation, double x) {
  switch (activation.kind) {
    case ActivationKind::kRelu:
      return std::max(x, 0.0);
    case ActivationKind::kLeakyRelu:
      return x >= 0 ? x : activation.alpha * x;
    case ActivationKind::kSigmoid:
      return sigmoid(x);
    case ActivationKind::kTanh:
      return std::tanh(x);
    case ActivationKind::kSoftplus:
      return softplus(x);
    case ActivationKind::kErf:
      return std::erf(x);
    case ActivationKind::kSilu:
      return x * sigmoid(x);
    case ActivationKind::kMish:
      return x * std::tanh(softplus(x));
    case ActivationKind::kGelu:
      return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
    case ActivationKind::kHardSwish:
      return x * std::clamp(x / 6.0 + 0.5, 0.0, 1.0);
  }
  return x;
}

}  // namespace serdab::graph
