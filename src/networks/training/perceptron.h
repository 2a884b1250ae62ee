#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "networks/training/step_graph.h"

namespace serdab::training {

enum class Loss : std::uint8_t {
  kMeanSquared,   ///< ½·|z − y|²
  kCrossEntropy,  ///< of a softmax that a polynomial stands for: output_polynomial
};

/// A multilayer perceptron: dense layers with biases and polynomial activations between them.
struct Perceptron {
  std::vector<std::size_t> widths;  ///< data, hidden layers, outputs: at least two
  /// One for each hidden layer: coefficients c_0 … c_d, degree 2 or 3.
  std::vector<std::vector<double>> activations;
  Loss loss = Loss::kMeanSquared;
  /// p with p(z_k) in place of softmax(z)_k, for kCrossEntropy; the loss trained is Σ_k ∫p −
  /// y_k·z_k, whose gradient is p(z) − y exactly.
  std::vector<double> output_polynomial;
  bool weighted_samples = false;  ///< a factor of every sample, encrypted: class weights

  std::size_t layers() const { return widths.size() - 1; }
};

/// A number over a power of two: multiplying by it costs no level.
struct Dyadic {
  std::int64_t numerator = 0;
  unsigned shift = 0;
  double value() const;
};
/// The nearest with so many fractional bits, in lowest terms.
Dyadic nearest_dyadic(double value, unsigned bits);

/// How weights follow from gradients. With momentum μ (Nesterov): W' = V·(1 − η·λ) − η·g(V), V' =
/// W' + μ·(W' − W); without, W' = W·(1 − η·λ) − η·g(W). g is the mean over the batch.
struct Optimiser {
  double rate = 0.1;         ///< η at its largest
  Dyadic rate_factor{1, 0};  ///< this step's share of it, at most 1: the schedule
  Dyadic momentum{0, 0};     ///< μ in [0, 1)
  double decay = 0;          ///< λ; (1 − η·λ) is rounded to 2^-16
};

/// One step. Given: "x" (data with a last unit 1), "y" (targets; times the sample's factor where
/// samples are weighted), "r" (that factor, at every output), "w1" … and, with momentum, "v1" …:
/// matrices outputs x (inputs + 1) whose last column is the bias. Outputs: the next w and v. Throws
/// base::Error(kInvalidArgument) that names the field for what makes no network.
StepGraph training_step(const Perceptron& network, const Optimiser& optimiser, std::size_t samples);

/// Outputs of the network (before softmax) for "x" and these weights, sample by sample.
TensorValues predict(const Perceptron& network, const Tensors& weights, const TensorValues& x,
                     std::size_t samples);
/// Mean loss over the samples.
double loss(const Perceptron& network, const TensorValues& outputs, const TensorValues& targets,
            std::size_t samples);

}  // namespace serdab::training
