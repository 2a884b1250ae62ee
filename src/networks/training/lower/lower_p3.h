#pragma once

#include <cstddef>
#include <cstdint>

#include "networks/training/lower/lowered_step.h"

namespace serdab::training {

/// How a step stands in slots in the alternating replicated packing (P3): slot ((b·C + c)·U + u)·I
/// + i with sample b, block c, and u and i the units of every other vector of the network.
struct AlternatingShape {
  std::uint32_t samples_each = 0;  ///< of a ciphertext
  std::uint32_t blocks = 1;        ///< 2: the matrices of two layers share ciphertexts
  std::uint32_t outer = 1;         ///< U: units of the data, of layer 2, of layer 4, …
  std::uint32_t inner = 1;         ///< I: units of layer 1, of layer 3, …
  std::uint32_t ciphertexts = 0;   ///< that the samples take
  /// Units of the data, if these repeat along their axis (lower_p3), else 0.
  std::uint32_t period = 0;
  std::uint32_t repeated = 0;  ///< places that they take then
};

/// The shape for so many samples. Two layers share their ciphertexts where all samples then still
/// stand in one: their gradients are summed over the samples together. Throws
/// base::Error(kInvalidArgument), naming the sizes, when a ciphertext does not hold one sample.
AlternatingShape alternating_shape(const StepGraph& step, std::size_t samples,
                                   std::uint32_t positions);

/// P3 (math.md, 5): a matrix stands in the slots of every sample, a vector is copied along the axis
/// that is not its own. A product with a matrix is one product of slots and a sum over an axis, the
/// outer product for the gradient one product and a cyclic sum over the samples that arrives
/// copied. A sum over an inner axis is masked and copied again; a mask is saved where the sum is
/// multiplied with what is masked already (a derivative, a sample's weight). Two layers that share
/// ciphertexts stand one unit apart, so that the sum over layer 1 lands where layer 2 begins and no
/// rotation moves it. Where there is room, the data and the first layer repeat along their axis, so
/// far that sums over a whole period end at every place where the next layer reads them: the first
/// layer's outputs then need no mask and no copies, and the step one level less.
LoweredStep lower_p3(const StepGraph& step, std::size_t samples, std::uint32_t positions);

}  // namespace serdab::training
