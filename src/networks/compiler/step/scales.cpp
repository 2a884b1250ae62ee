#include "networks/compiler/step/internal/scales.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/base/error.h"
#include "engine/base/overloaded.h"
#include "networks/compiler/step/internal/least_squares.h"

namespace serdab::compiler {
namespace {

using packing::CircuitNodeId;

// How strongly a size is wished for. All products and masks of a chain take as many bits as the
// data, the masks and the states that enter it, wherever their scales lie between: primes may be
// any.
constexpr double kNodeWeight = 1.0;
constexpr double kDataWeight = 0.5;
constexpr double kMaskWeight = 1.0;
constexpr double kDropWeight = 0.05;
// Equations whose error is below this are met.
constexpr double kTolerance = 1e-9;

// Log scales of all nodes as linear forms of the unknowns: scales of inputs, of masks and, if they
// are not given, sizes of primes.
class Equations {
 public:
  Equations(const ScaleProblem& problem, const StepBits& bits, const std::vector<double>* drops)
      : problem_(problem), bits_(bits), drops_(drops) {
    const std::size_t nodes = problem.circuit.nodes.size();
    unknown_.assign(nodes, kNone);
    for (CircuitNodeId id = 0; id < nodes; ++id) {
      const packing::CircuitOp& op = problem.circuit.nodes[id].op;
      if (problem.heights.live[id] && (std::holds_alternative<packing::InputOp>(op) ||
                                       std::holds_alternative<packing::MaskOp>(op))) {
        unknown_[id] = unknowns_++;
      }
    }
    first_drop_ = unknowns_;
    if (drops == nullptr) unknowns_ += problem.heights.depth + 1;
    forms_.resize(nodes, LinearForm(unknowns_));
    for (CircuitNodeId id = 0; id < nodes; ++id) {
      if (problem.heights.live[id]) form_node(id);
    }
    tie_states();
  }

  // Every mask, input, product and prime near its wanted size.
  std::vector<WishedEquation> wishes() const {
    std::vector<WishedEquation> wishes;
    for (CircuitNodeId id = 0; id < forms_.size(); ++id) {
      if (!problem_.heights.live[id]) continue;
      const packing::CircuitOp& op = problem_.circuit.nodes[id].op;
      if (std::holds_alternative<packing::MaskOp>(op)) {
        wishes.push_back({unknown(unknown_[id]), bits_.mask, kMaskWeight});
      }
      if (divides(op)) wishes.push_back({forms_[id], bits_.work, kNodeWeight});
      if (std::holds_alternative<packing::InputOp>(op)) {
        wishes.push_back({forms_[id], bits_.data, kDataWeight});
      }
    }
    if (drops_ == nullptr) {
      for (std::size_t h = first_drop_; h < unknowns_; ++h) {
        wishes.push_back({unknown(h), bits_.work, kDropWeight});
      }
    }
    return wishes;
  }

  const std::vector<LinearForm>& equalities() const { return equalities_; }
  const std::vector<std::string>& names() const { return names_; }
  std::size_t unknowns() const { return unknowns_; }

  std::vector<double> drops(const std::vector<double>& x) const {
    return {x.begin() + static_cast<std::ptrdiff_t>(first_drop_), x.end()};
  }
  StepScales scales(const std::vector<double>& x) const {
    StepScales scales;
    for (CircuitNodeId id = 0; id < forms_.size(); ++id) {
      scales.node.push_back(forms_[id].at(x));
      scales.mask.push_back(unknown_[id] == kNone ? 0 : x[unknown_[id]]);
    }
    scales.drop = *drops_;
    return scales;
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  LinearForm unknown(std::size_t index) const {
    LinearForm form(unknowns_);
    form.factors[index] = 1;
    return form;
  }
  LinearForm drop(CircuitNodeId id) const {
    const std::size_t h = problem_.heights.height[id] + 1;
    if (drops_ == nullptr) return unknown(first_drop_ + h);
    LinearForm form(unknowns_);
    form.constant = (*drops_)[h];
    return form;
  }
  void equal(const LinearForm& a, const LinearForm& b, const std::string& name) {
    LinearForm difference = a;
    difference.add(b, -1);
    if (difference.is_zero()) return;
    equalities_.push_back(std::move(difference));
    names_.push_back(name);
  }

  void form_node(CircuitNodeId id) {
    LinearForm& form = forms_[id];
    std::visit(base::Overloaded{
                   [&](const packing::InputOp&) { form = unknown(unknown_[id]); },
                   [&](const packing::ProductsOp& op) {
                     form = forms_[op.a];
                     form.add(forms_[op.b], 1);
                     form.add(drop(id), -1);
                   },
                   [&](const packing::MaskOp& op) {
                     form = forms_[op.from];
                     form.add(unknown(unknown_[id]), 1);
                     form.add(drop(id), -1);
                   },
                   [&](const packing::CombineOp& op) {
                     form = forms_[op.terms[0].from];
                     for (const packing::CombineTerm& term : op.terms) {
                       equal(form, forms_[term.from], problem_.circuit.nodes[id].label);
                     }
                   },
                   [&](const packing::ScaledOp& op) {
                     form = forms_[op.from];
                     form.constant -= std::log2(op.factor);
                   },
                   [&](const auto& op) { form = forms_[op.from]; },
               },
               problem_.circuit.nodes[id].op);
  }

  void tie_states() {
    std::map<std::string, CircuitNodeId> inputs;
    for (CircuitNodeId id = 0; id < forms_.size(); ++id) {
      const auto* input = std::get_if<packing::InputOp>(&problem_.circuit.nodes[id].op);
      if (input != nullptr && problem_.heights.live[id]) inputs[input->name] = id;
    }
    LinearForm state(unknowns_);
    state.constant = bits_.state;
    for (const std::string& name : problem_.refreshed) equal(forms_[inputs.at(name)], state, name);
    for (const packing::CircuitOutput& output : problem_.circuit.outputs) {
      if (std::find(problem_.carried.begin(), problem_.carried.end(), output.name) ==
          problem_.carried.end()) {
        continue;
      }
      equal(forms_[inputs.at(output.name)], forms_[output.node], output.name);
    }
  }

  const ScaleProblem& problem_;
  const StepBits& bits_;
  const std::vector<double>* drops_;
  std::vector<std::size_t> unknown_;
  std::size_t unknowns_ = 0;
  std::size_t first_drop_ = 0;
  std::vector<LinearForm> forms_;
  std::vector<LinearForm> equalities_;
  std::vector<std::string> names_;
};

}  // namespace

std::vector<double> choose_drops(const ScaleProblem& problem, const StepBits& bits, double least,
                                 double most) {
  const Equations equations(problem, bits, nullptr);
  std::vector<double> drops = equations.drops(
      solve_wishes(equations.unknowns(), equations.wishes(), equations.equalities()));
  for (double& drop : drops) drop = std::clamp(drop, least, most);
  drops[0] = 0;  // nothing has height −1
  return drops;
}

StepScales solve_scales(const ScaleProblem& problem, const StepBits& bits,
                        const std::vector<double>& drops) {
  const Equations equations(problem, bits, &drops);
  const std::vector<double> x =
      solve_wishes(equations.unknowns(), equations.wishes(), equations.equalities());
  for (std::size_t e = 0; e < equations.equalities().size(); ++e) {
    if (std::abs(equations.equalities()[e].at(x)) > kTolerance) {
      base::fail(base::ErrorCode::kUnsupported, "the scales of the summands at '" +
                                                    equations.names()[e] +
                                                    "' cannot be brought together");
    }
  }
  return equations.scales(x);
}

}  // namespace serdab::compiler
