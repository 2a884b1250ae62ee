#include "networks/training/perceptron.h"

#include <cmath>
#include <string>

#include "engine/base/error.h"
#include "networks/training/differentiate.h"

namespace serdab::training {
namespace {

constexpr unsigned kDecayBits = 16;

[[noreturn]] void fail(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, "training: " + what);
}

void check(const Perceptron& network, const Optimiser& optimiser) {
  if (network.widths.size() < 2) fail("a network has at least data and outputs");
  if (network.activations.size() + 2 != network.widths.size()) {
    fail(std::to_string(network.activations.size()) + " activations for " +
         std::to_string(network.widths.size() - 2) + " hidden layers");
  }
  for (const auto& c : network.activations) {
    if (c.size() < 3) fail("an activation has degree 2 or 3");
  }
  if (network.loss == Loss::kCrossEntropy && network.output_polynomial.size() < 2) {
    fail("cross-entropy needs the polynomial that stands for softmax");
  }
  if (!(optimiser.rate > 0) || optimiser.rate > 100) fail("the rate is not within 0 and 100");
  if (optimiser.rate_factor.numerator <= 0 || optimiser.rate_factor.value() > 1) {
    fail("a rate's share is not within 0 and 1");
  }
  const double momentum = optimiser.momentum.value();
  if (momentum < 0 || momentum >= 1) fail("the momentum is not within 0 and 1");
  if (optimiser.decay < 0 || optimiser.decay * optimiser.rate >= 1) {
    fail("the weight decay is not within 0 and 1/rate");
  }
}

std::string numbered(const char* name, std::size_t layer) {
  return name + std::to_string(layer + 1);
}

struct Forward {
  std::vector<StepNodeId> parameters;  ///< where the gradient is taken, by layer
  StepNodeId output = 0;
};

Forward forward(StepGraph& step, const Perceptron& network, const char* parameter) {
  Forward made;
  step.label = "data";
  StepNodeId x = step.vector("x", network.widths.front() + 1);
  for (std::size_t l = 0; l < network.layers(); ++l) {
    step.label = numbered("layer ", l) + " forward";
    made.parameters.push_back(
        step.matrix(numbered(parameter, l), network.widths[l + 1], network.widths[l] + 1));
    made.output = step.matvec(made.parameters.back(), x);
    if (l + 1 < network.layers()) {
      x = step.append_one(step.polynomial(made.output, network.activations[l]));
    }
  }
  return made;
}

// The gradient of the loss with respect to the outputs.
StepNodeId output_delta(StepGraph& step, const Perceptron& network, StepNodeId output) {
  step.label = "loss";
  StepNodeId z = output;
  if (network.loss == Loss::kCrossEntropy) z = step.polynomial(z, network.output_polynomial);
  if (network.weighted_samples) z = step.hadamard(z, step.vector("r", network.widths.back()));
  return step.weighted_sum({{z, 1}, {step.vector("y", network.widths.back()), -1}});
}

// W' = V·(1 − η·λ) − g·η/S, and V' where there is momentum.
void update(StepGraph& step, const Optimiser& optimiser, std::size_t samples, std::size_t layer,
            StepNodeId parameter, StepNodeId gradient) {
  const Dyadic keep = nearest_dyadic(
      1 - optimiser.rate * optimiser.rate_factor.value() * optimiser.decay, kDecayBits);
  const Dyadic& share = optimiser.rate_factor;
  // In units of 2^-shift, so that the factors of both terms are integers.
  const double unit = std::ldexp(1.0, static_cast<int>(keep.shift) - static_cast<int>(share.shift));
  const StepNodeId g = step.scale(gradient, optimiser.rate / static_cast<double>(samples) * unit);
  StepNodeId w = step.weighted_sum({{parameter, keep.numerator}, {g, -share.numerator}});
  if (keep.shift > 0) w = step.scale(w, std::ldexp(1.0, -static_cast<int>(keep.shift)));
  step.output(numbered("w", layer), w);
  const Dyadic& mu = optimiser.momentum;
  if (mu.numerator == 0) return;
  const TensorShape shape = step.shape(parameter);
  const StepNodeId before = step.matrix(numbered("w", layer), shape.rows, shape.cols);
  const std::int64_t one = std::int64_t{1} << mu.shift;
  const StepNodeId v = step.weighted_sum({{w, one + mu.numerator}, {before, -mu.numerator}});
  step.output(numbered("v", layer), step.scale(v, 1 / static_cast<double>(one)));
}

}  // namespace

double Dyadic::value() const {
  return std::ldexp(static_cast<double>(numerator), -static_cast<int>(shift));
}

Dyadic nearest_dyadic(double value, unsigned bits) {
  Dyadic result{std::llround(std::ldexp(value, static_cast<int>(bits))), bits};
  while (result.shift > 0 && result.numerator % 2 == 0) {
    result.numerator /= 2;
    --result.shift;
  }
  return result;
}

StepGraph training_step(const Perceptron& network, const Optimiser& optimiser,
                        std::size_t samples) {
  check(network, optimiser);
  if (samples == 0) fail("a step needs at least one sample");
  StepGraph step;
  const bool momentum = optimiser.momentum.numerator != 0;
  const Forward made = forward(step, network, momentum ? "v" : "w");
  const StepNodeId delta = output_delta(step, network, made.output);
  const auto gradients =
      differentiate(step, made.output, delta, {made.parameters.begin(), made.parameters.end()});
  step.label = "update";
  for (std::size_t l = 0; l < network.layers(); ++l) {
    update(step, optimiser, samples, l, made.parameters[l], gradients.at(made.parameters[l]));
  }
  return step;
}

TensorValues predict(const Perceptron& network, const Tensors& weights, const TensorValues& x,
                     std::size_t samples) {
  StepGraph step;
  const Forward made = forward(step, network, "w");
  step.output("z", made.output);
  Tensors given = weights;
  given["x"] = x;
  return run_step(step, given, samples).at("z");
}

double loss(const Perceptron& network, const TensorValues& outputs, const TensorValues& targets,
            std::size_t samples) {
  double sum = 0;
  const std::vector<double>& p = network.output_polynomial;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const double z = outputs[i];
    if (network.loss == Loss::kMeanSquared) {
      sum += 0.5 * (z - targets[i]) * (z - targets[i]);
      continue;
    }
    double integral = 0;
    for (std::size_t k = p.size(); k-- > 0;)
      integral = integral * z + p[k] / static_cast<double>(k + 1);
    sum += integral * z - targets[i] * z;
  }
  return sum / static_cast<double>(samples);
}

}  // namespace serdab::training
