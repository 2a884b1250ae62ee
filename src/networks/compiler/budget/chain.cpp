#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/base/error.h"
#include "networks/compiler/budget/assignment.h"

namespace serdab::compiler {
namespace {

// A reduction may drop so many bits more than it should where the smallest prime asks for it.
constexpr double kForced = 2;
// Bits that weights may be finer than they need be.
constexpr double kRefinement = 10;

// Walks the circuit once, tracking log2 of every scale and how many primes have been dropped.
class ChainPlanner {
 public:
  ChainPlanner(const Circuit& circuit, const NodeStatistics& statistics, BitBudget& budget,
               double min_prime_bits)
      : circuit_(circuit),
        statistics_(statistics),
        budget_(budget),
        min_prime_bits_(min_prime_bits),
        scale_(circuit.nodes.size()),
        depth_(circuit.nodes.size()),
        drops_(circuit.nodes.size()) {}

  Chain run() {
    for (NodeId id = 0; id < circuit_.nodes.size(); ++id) {
      for (NodeId operand : operands(circuit_.nodes[id].op)) {
        depth_[id] = std::max(depth_[id], depth_[operand]);
      }
      std::visit([&](const auto& op) { visit(id, op); }, circuit_.nodes[id].op);
    }
    Chain chain;
    const double base = base_bits();
    const auto pieces =
        static_cast<std::size_t>(std::max(1.0, std::ceil(base / budget_.largest_prime_bits)));
    chain.log_primes.assign(pieces, std::max(base / static_cast<double>(pieces), min_prime_bits_));
    chain.log_primes.insert(chain.log_primes.end(), dropped_.rbegin(), dropped_.rend());
    chain.reduction_drops = std::move(drops_);
    chain.log_scale = scale_;
    if (chain.log_primes.size() > 100) {
      base::fail(
          base::ErrorCode::kUnsupported,
          "the network needs " + std::to_string(chain.log_primes.size()) +
              " primes, more than 100: it is too deep to be levelled; use fewer or lower-degree "
              "activations");
    }
    return chain;
  }

 private:
  void visit(NodeId id, const CircuitInput&) { scale_[id] = budget_.log_scale[id]; }
  void visit(NodeId id, const CircuitAffine& op) {
    for (const RealTerm& term : op.terms) scale_[id] = std::max(scale_[id], scale_[term.from]);
    scale_[id] += budget_.log_scale[id];
  }
  void visit(NodeId id, const CircuitSquare& op) { scale_[id] = 2 * scale_[op.from]; }
  void visit(NodeId id, const CircuitMultiply& op) { scale_[id] = scale_[op.a] + scale_[op.b]; }
  void visit(NodeId id, const CircuitAddScaled& op) { scale_[id] = scale_[op.from]; }
  void visit(NodeId id, const CircuitAddConstant& op) { scale_[id] = scale_[op.from]; }

  void visit(NodeId id, const CircuitTransform& op) {
    scale_[id] = op.plus ? scale_[*op.plus] : scale_[op.from] + budget_.log_scale[id];
  }
  void visit(NodeId id, const CircuitRotateSum& op) { scale_[id] = scale_[op.from]; }

  void visit(NodeId id, const CircuitReduce& op) {
    refine_weights(op.from, min_prime_bits_ - (scale_[op.from] - budget_.log_scale[id]));
    const double before = scale_[op.from];
    double wanted = before - budget_.log_scale[id];
    if (depth_[id] < dropped_.size()) {
      // Another branch has fixed the prime at this depth.
      drops_[id] = 1;
      wanted = dropped_[depth_[id]];
    } else if (wanted < min_prime_bits_ - kForced) {
      drops_[id] = 0;  // too little to drop now: the next reduction takes it along
      wanted = 0;
    } else {
      wanted = std::max(wanted, min_prime_bits_);
      const double least = std::max(min_prime_bits_, wanted - budget_.spare_bits);
      drops_[id] =
          static_cast<std::uint32_t>(std::max(1.0, std::ceil(least / budget_.largest_prime_bits)));
      wanted = std::min(wanted, drops_[id] * budget_.largest_prime_bits);
      for (std::uint32_t i = 0; i < drops_[id]; ++i) dropped_.push_back(wanted / drops_[id]);
    }
    depth_[id] += drops_[id];
    scale_[id] = before - wanted;
    budget_.log_scale[id] = scale_[id];
  }

  // A rescale after a transform that would drop a little less than the smallest prime: finer
  // weights make up for it, which costs the difference; leaving it to the product that follows
  // costs all.
  void refine_weights(NodeId id, double missing) {
    if (missing <= 0 || missing > kRefinement || budget_.spare_bits > 0) return;
    NodeId sum = id;
    if (const auto* rotate = std::get_if<CircuitRotateSum>(&circuit_.nodes[id].op)) {
      id = rotate->from;
    }
    const auto* transform = std::get_if<CircuitTransform>(&circuit_.nodes[id].op);
    if (transform == nullptr || transform->plus) return;
    budget_.log_scale[id] += missing;
    scale_[id] += missing;
    if (sum != id) scale_[sum] += missing;
  }

  // What remains when everything is dropped must hold the answer with its guard, and no value may
  // wrap at the level where it stands.
  double base_bits() const {
    double base = min_prime_bits_;
    for (NodeId id = 0; id < circuit_.nodes.size(); ++id) {
      double above = 0;
      for (std::size_t d = depth_[id]; d < dropped_.size(); ++d) above += dropped_[d];
      const double magnitude = std::log2(std::max(statistics_.magnitude[id], 1e-9));
      base = std::max(base, scale_[id] + magnitude + 1 + budget_.guard_bits - above);
    }
    return base;
  }

  const Circuit& circuit_;
  const NodeStatistics& statistics_;
  BitBudget& budget_;
  double min_prime_bits_;
  std::vector<double> scale_;
  std::vector<std::size_t> depth_;
  std::vector<std::uint32_t> drops_;
  std::vector<double> dropped_;  ///< sizes in the order of dropping
};

}  // namespace

double Chain::log_q() const { return std::accumulate(log_primes.begin(), log_primes.end(), 0.0); }

Chain plan_chain(const Circuit& circuit, const NodeStatistics& statistics, BitBudget& budget,
                 double min_prime_bits) {
  return ChainPlanner(circuit, statistics, budget, min_prime_bits).run();
}

}  // namespace serdab::compiler
