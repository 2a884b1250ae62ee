#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/ckks_params/cost_model.h"
#include "networks/compiler/arithmetic_network.h"
#include "networks/packing/slot_transform.h"

namespace serdab::compiler {

/// How one Affine of a network is carried out on slots.
struct PackedAffine {
  packing::OutputForm form;
  packing::ShiftOrder order;
};

/// A layout for every value of a network.
struct LayoutPlan {
  std::uint32_t positions = 0;
  std::uint32_t images = 1;                  ///< side by side: Program::images
  std::vector<packing::SlotLayout> layouts;  ///< by value
  std::vector<PackedAffine> affines;         ///< by step; unused for polynomials
  double seconds = 0;                        ///< predicted, of the linear layers
  std::vector<std::string> lines;            ///< what was chosen, a line a layer
};

struct LayoutGoal {
  std::uint32_t positions = 0;  ///< slots an image
  unsigned log_n = 0;
  std::uint32_t images = 1;  ///< side by side: Program::images
};

/// Layouts of least predicted cost for one image (or a few) in ciphertexts of so many positions.
/// The first layer's input is gathered by the client: every element stands wherever a kernel will
/// want it, so that a convolution needs one rotation a tap. Later layers keep the grid of their
/// input with gaps, or compact it, with as many replicas as their readers like, and may be
/// produced in partial sums. The answer is summed cyclically: no slot holds part of a sum. Where
/// images stand side by side there are no partial sums, and slots without an answer hold 0. Nothing
/// when some value does not fit. Throws base::Error(kUnsupported) for a network whose first step
/// is no linear layer.
std::optional<LayoutPlan> search_layouts(const ArithmeticNetwork& network, const LayoutGoal& goal,
                                         const ckks_params::MachineProfile& machine);

}  // namespace serdab::compiler
