#include "networks/compiler/choose_layout.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "engine/base/error.h"
#include "networks/compiler/circuit/build_packed.h"
#include "networks/compiler/layout/layout_search.h"
#include "networks/compiler/plan/work.h"

namespace serdab::compiler {
namespace {

program::Bundle select_inputs(std::span<const double> images, std::size_t elements,
                              const std::vector<std::uint32_t>& selected, std::size_t count) {
  program::Bundle bundle(selected.size(), count);
  for (std::size_t e = 0; e < selected.size(); ++e) {
    if (selected[e] == packing::kNoColumn) continue;
    for (std::size_t i = 0; i < count; ++i) bundle.row(e)[i] = images[i * elements + selected[e]];
  }
  return bundle;
}

class Chooser {
 public:
  Chooser(const ArithmeticNetwork& network, std::span<const double> images,
          const program::Bundle& truth, const CompileOptions& options,
          const ckks_params::MachineProfile& machine)
      : network_(network), images_(images), truth_(truth), options_(options), machine_(machine) {}

  Choice batch() const {
    Choice choice;
    choice.built = build_circuit(network_);
    SearchGoal goal = common_goal();
    goal.precision_bits = {options_.precision_bits.value_or(14)};
    goal.guard_bits = options_.guard_bits.value_or(6);
    goal.ring = options_.ring;
    goal.images = options_.images;
    choice.guard_bits = goal.guard_bits;
    choice.found = search(choice.built, goal, truth_.batch);
    return choice;
  }

  // In the smallest dimension that holds the network.
  Choice packed() const {
    std::optional<Choice> best;
    std::string tried;
    // At one dimension the real ring has twice the slots: the other is for those who ask.
    const base::RingKind ring = options_.ring.value_or(base::RingKind::kConjugateInvariant);
    for (unsigned log_n = kMinLogN; log_n <= kMaxLogN; ++log_n) {
      if (least_bits() > ckks_params::max_log_qp(log_n, options_.security)) continue;
      // The smallest dimension takes the fewest bytes, too: there, as much precision as fits.
      const std::optional<Placement> placement = place(ring, log_n, tried);
      if (placement) best = packed(*placement, ring, log_n, tried);
      if (best) break;
    }
    if (!best) {
      base::fail(base::ErrorCode::kUnsupported,
                 "no packed layout fits this network within the security level; ask for fewer "
                 "--precision bits, or use --layout batch. Tried:" +
                     tried);
    }
    return std::move(*best);
  }

 private:
  static constexpr unsigned kMinLogN = 12;
  static constexpr unsigned kMaxLogN = 16;
  // Every position of every image is computed: fewer images than in batches, of large ones fewer
  // still.
  static std::size_t calibration_images(std::size_t positions) {
    constexpr std::size_t kMost = 48, kLeast = 16, kNumbers = std::size_t{1} << 19;
    return std::clamp(kNumbers / positions, kLeast, kMost);
  }

  // No chain is shorter: so many bits for each multiplication one after another.
  double least_bits() const {
    constexpr double kBits = 16;
    std::vector<double> depth(network_.value_count());
    for (std::size_t s = 0; s < network_.steps.size(); ++s) {
      const auto* polynomial = std::get_if<Polynomial>(&network_.steps[s].op);
      for (const ValueId from : inputs_of(network_.steps[s])) {
        depth[s + 1] = std::max(depth[s + 1], depth[from]);
      }
      depth[s + 1] += polynomial == nullptr
                          ? 1
                          : std::ceil(std::log2(static_cast<double>(polynomial->degree())));
    }
    return kBits * (depth.back() + 2);
  }

  void step() const {
    constexpr double kUsual = 12;  // steps of a usual network
    ++steps_;
    if (options_.progress) options_.progress(steps_ / (steps_ + kUsual));
  }

  SearchGoal common_goal() const {
    SearchGoal goal;
    goal.security = options_.security;
    goal.key_bytes = options_.max_key_bytes;
    goal.step = [this] { step(); };
    return goal;
  }

  SearchResult search(const BuiltCircuit& built, const SearchGoal& goal, std::size_t count) const {
    const std::size_t elements = network_.size(0);
    return search_parameters(built.circuit,
                             select_inputs(images_, elements, built.input_elements, count),
                             truth_.first(count), goal, machine_);
  }

  // A network on slots, before its levels are known.
  struct Placement {
    BuiltCircuit built;
    std::vector<std::string> lines;
  };

  // Image by image in the slots of a position, or side by side: then weights repeat, which are
  // encoded faster, but no rotation wraps around an image.
  std::optional<LayoutPlan> best_layouts(std::uint32_t positions, std::uint32_t images,
                                         unsigned log_n) const {
    std::optional<LayoutPlan> best = search_layouts(network_, {positions, log_n}, machine_);
    step();
    if (images == 1) return best;
    std::optional<LayoutPlan> beside =
        search_layouts(network_, {positions, log_n, images}, machine_);
    step();
    if (!beside || (best && best->seconds <= beside->seconds)) return best;
    beside->lines.insert(beside->lines.begin(), fmt::format("{} images side by side", images));
    return beside;
  }

  std::optional<Placement> place(base::RingKind ring, unsigned log_n, std::string& tried) const {
    const std::size_t images = std::bit_ceil(std::max<std::size_t>(1, options_.images));
    const std::size_t slots = std::size_t{1}
                              << (ring == base::RingKind::kStandard ? log_n - 1 : log_n);
    if (images >= slots) return std::nullopt;
    const auto positions = static_cast<std::uint32_t>(slots / images);
    const std::optional<LayoutPlan> layouts =
        best_layouts(positions, static_cast<std::uint32_t>(images), log_n);
    if (!layouts) {
      tried += fmt::format("\n  {} positions an image: the network does not fit", positions);
      return std::nullopt;
    }
    // Babies and giants as far apart as they are in a chain of middling length.
    const TransformCosts costs = transform_costs(log_n, 4, 1, 1);
    return Placement{build_packed_circuit(network_, *layouts, machine_.seconds(costs.baby, 1),
                                          machine_.seconds(costs.giant, 1)),
                     layouts->lines};
  }

  std::optional<Choice> packed(const Placement& placement, base::RingKind ring, unsigned log_n,
                               std::string& tried) const {
    Choice choice;
    choice.notes = placement.lines;
    SearchGoal goal = common_goal();
    goal.precision_bits = options_.precision_bits ? std::vector<double>{*options_.precision_bits}
                                                  : std::vector<double>{8, 7, 6};
    goal.guard_bits = options_.guard_bits.value_or(2);
    goal.ring = ring;
    goal.log_n = log_n;
    goal.images = std::max<std::size_t>(1, options_.images);
    choice.guard_bits = goal.guard_bits;
    try {
      choice.found =
          search(placement.built, goal,
                 std::min(truth_.batch, calibration_images(placement.built.circuit.positions)));
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kUnsupported) throw;
      tried += std::string("\n  ") + error.what();
      return std::nullopt;
    }
    choice.built = placement.built;
    return choice;
  }

  const ArithmeticNetwork& network_;
  std::span<const double> images_;
  const program::Bundle& truth_;
  const CompileOptions& options_;
  const ckks_params::MachineProfile& machine_;
  mutable double steps_ = 0;
};

}  // namespace

Choice choose_layout(const ArithmeticNetwork& network, std::span<const double> images,
                     const program::Bundle& truth, const CompileOptions& options,
                     const ckks_params::MachineProfile& machine) {
  const Chooser chooser(network, images, truth, options, machine);
  if (options.layout == LayoutChoice::kBatch) return chooser.batch();
  if (options.layout == LayoutChoice::kPacked) return chooser.packed();
  Choice batch = chooser.batch();
  const auto say = [](Choice&& choice, const std::string& why) {
    choice.notes.push_back(why);
    return std::move(choice);
  };
  Choice packed;
  try {
    packed = chooser.packed();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUnsupported) throw;
    return say(std::move(batch),
               "batch layout: no packed layout holds the network for so many images");
  }
  const std::string why = fmt::format(
      "predicted for this many images: {:.3g} ms an image in batch layout, {:.3g} packed",
      1e3 * batch.found.cost, 1e3 * packed.found.cost);
  return packed.found.cost < batch.found.cost ? say(std::move(packed), "packed layout: " + why)
                                              : say(std::move(batch), "batch layout: " + why);
}

}  // namespace serdab::compiler
