#include "networks/compiler/layout/layout_search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "engine/base/error.h"
#include "engine/base/overloaded.h"
#include "networks/compiler/layout/candidates.h"
#include "networks/compiler/plan/work.h"

namespace serdab::compiler {
namespace {

using packing::Grid;
using packing::OutputForm;
using packing::ShiftOrder;
using packing::SlotLayout;

// States kept after each layer.
constexpr std::size_t kBeam = 5;
// Candidates whose cost is counted in full, and the products a first guess is made from.
constexpr std::size_t kExact = 10;
constexpr double kSample = 1e5;
// What chains for packed programs turn out to be: key switching with a special prime and digits of
// one prime.
constexpr std::size_t kSpecialPrimes = 1;
constexpr unsigned kDigitPrimes = 1;
// From this dimension on networks are deep: their weights are too large to be kept encoded, their
// keys for short digits.
constexpr unsigned kDeepLogN = 15;
constexpr std::size_t kDeepSpecialPrimes = 6;
constexpr unsigned kDeepDigitPrimes = 8;

// A value's layout while searching: a grid, unless the client gathered it.
struct Placed {
  SlotLayout layout;
  std::optional<Grid> grid;
};

struct State {
  std::map<ValueId, Placed> placed;
  std::vector<PackedAffine> affines;
  std::vector<std::string> lines;
  double seconds = 0;
};

std::uint32_t u32(std::size_t v) { return static_cast<std::uint32_t>(v); }

class Search {
 public:
  Search(const ArithmeticNetwork& network, const LayoutGoal& goal,
         const ckks_params::MachineProfile& machine)
      : network_(network), goal_(goal), machine_(machine), consumers_(consumers(network)) {
    find_last_affine();
    find_levels();
  }

  std::optional<LayoutPlan> run() {
    std::vector<State> states = first_layer();
    for (std::size_t s = 1; s < network_.steps.size() && !states.empty(); ++s) {
      states = extended(states, s);
    }
    if (states.empty()) return std::nullopt;
    return plan_of(states.front());
  }

 private:
  std::uint32_t positions() const { return goal_.positions; }
  const Affine* affine(std::size_t step) const {
    return std::get_if<Affine>(&network_.steps[step].op);
  }

  void find_last_affine() {
    for (std::size_t s = 0; s < network_.steps.size(); ++s) {
      if (affine(s) != nullptr) last_affine_ = s;
    }
  }

  // Primes that a chain will have left at every step, roughly: three for four multiplications.
  void find_levels() {
    std::vector<double> depth(network_.value_count());
    for (std::size_t s = network_.steps.size(); s-- > 0;) {
      const auto* polynomial = std::get_if<Polynomial>(&network_.steps[s].op);
      const double own = polynomial == nullptr ? 1 : std::ceil(std::log2(polynomial->degree()));
      for (const ValueId from : inputs_of(network_.steps[s])) {
        depth[from] = std::max(depth[from], depth[s + 1] + own);
      }
    }
    for (const double d : depth) primes_.push_back(1 + static_cast<std::size_t>(0.75 * d + 0.5));
  }

  // ---- the first layer: its input is the client's to arrange ----

  std::vector<State> first_layer() {
    const Affine* first = network_.steps.empty() ? nullptr : affine(0);
    if (first == nullptr) {
      base::fail(base::ErrorCode::kUnsupported,
                 "a packed layout needs a linear layer first; use --layout batch");
    }
    std::vector<State> states;
    // Side by side a gathered input takes a ciphertext a tap: many times the query.
    if (consumers_[0].size() == 1 && goal_.images == 1) add_gathered(*first, states);
    add_plain(states);
    return best(std::move(states));
  }

  // Elements that the outputs at each place of the grid read, whatever the channel.
  std::vector<std::vector<std::uint32_t>> taps(const Affine& first, const Grid& out) const {
    const std::size_t places = std::size_t{out.height} * out.width;
    std::vector<std::set<std::uint32_t>> seen(places);
    const packing::SparseMatrix& map = first.terms.front().map;
    for (std::size_t r = 0; r < map.rows; ++r) {
      const auto columns = map.row_columns(r);
      seen[r % places].insert(columns.begin(), columns.end());
    }
    std::vector<std::vector<std::uint32_t>> taps;
    for (const auto& set : seen) taps.emplace_back(set.begin(), set.end());
    return taps;
  }

  void add_gathered(const Affine& first, std::vector<State>& states) const {
    const Grid shape = grid_of(network_.shape(1));
    const std::vector<std::vector<std::uint32_t>> lists = taps(first, shape);
    std::size_t most = 1;
    for (const auto& list : lists) most = std::max(most, list.size());
    const std::uint32_t area = shape.height * shape.width;
    std::set<std::uint32_t> blocks = {area, std::bit_ceil(area)};
    std::set<std::uint32_t> periods = {u32(most), u32(std::bit_ceil(most))};
    for (const std::uint32_t block : blocks) {
      for (const std::uint32_t period : periods) {
        const std::uint32_t total = positions() / block;
        if (total == 0) continue;
        const bool cyclic = std::has_single_bit(block) && std::has_single_bit(period);
        const std::uint32_t reach = period > total ? 0 : cyclic ? total : total - period + 1;
        // Replicas where one ciphertext holds them; else as many ciphertexts as it takes.
        std::set<std::uint32_t> wanted = {shape.channels, std::max(reach, shape.channels)};
        if (reach < shape.channels && period != most) continue;
        const Placed input =
            gathered(lists, block, period, reach >= shape.channels ? total : u32(most));
        for (const std::uint32_t out_blocks : wanted) {
          Grid grid = shape;
          grid.block = block;
          grid.row = shape.width;
          grid.period = shape.channels;
          grid.blocks = out_blocks;
          State state;
          state.placed[0] = input;
          CandidateList list(positions());
          list.add(grid, 1, 0, {block},
                   fmt::format("gathered {} taps, {} blocks of {}", most, out_blocks, block));
          for (const LayoutCandidate& candidate : list.take()) {
            states.push_back(with(state, 0, candidate));
          }
        }
      }
    }
  }

  // Block b holds tap b mod period of every place.
  Placed gathered(const std::vector<std::vector<std::uint32_t>>& lists, std::uint32_t block,
                  std::uint32_t period, std::uint32_t total) const {
    std::vector<std::vector<std::uint32_t>> rows(network_.size(0));
    const std::uint32_t per_ciphertext = positions() / block;
    for (std::uint32_t b = 0; b < total; ++b) {
      for (std::uint32_t place = 0; place < lists.size(); ++place) {
        const std::uint32_t tap = b % period;
        if (tap >= lists[place].size()) continue;
        rows[lists[place][tap]].push_back(b / per_ciphertext * positions() +
                                          b % per_ciphertext * block + place);
      }
    }
    Placed placed;
    placed.layout = {positions(), (total + per_ciphertext - 1) / per_ciphertext, {0}, {}};
    for (const auto& of_element : rows) {
      placed.layout.rows.insert(placed.layout.rows.end(), of_element.begin(), of_element.end());
      placed.layout.first.push_back(u32(placed.layout.rows.size()));
    }
    return placed;
  }

  // The input as it is, repeated as often as it fits.
  void add_plain(std::vector<State>& states) const {
    Grid grid = grid_of(network_.input_shape);
    grid.row = grid.width;
    const std::uint32_t area = grid.height * grid.width;
    for (const std::uint32_t block : std::set<std::uint32_t>{area, std::bit_ceil(area)}) {
      for (const std::uint32_t period :
           std::set<std::uint32_t>{grid.channels, std::bit_ceil(grid.channels)}) {
        Grid filled = grid;
        filled.block = block;
        filled.period = period;
        filled.blocks = std::max(positions() / block, filled.channels);
        const std::uint32_t ciphertexts = CandidateList(positions()).ciphertexts_of(filled);
        if (ciphertexts == 0) continue;
        State state;
        state.placed[0] = {packing::layout_of(filled, positions(), ciphertexts), filled};
        for (State& next : extended({state}, 0)) states.push_back(std::move(next));
      }
    }
  }

  // ---- later layers ----

  std::vector<State> extended(const std::vector<State>& states, std::size_t step) const {
    std::vector<State> next;
    std::vector<std::pair<double, std::pair<const State*, LayoutCandidate>>> guesses;
    for (const State& state : states) {
      if (const auto* polynomial = std::get_if<Polynomial>(&network_.steps[step].op)) {
        State same = state;
        same.placed[step + 1] = same.placed.at(polynomial->from);
        same.affines.emplace_back();
        next.push_back(std::move(same));
        continue;
      }
      for (LayoutCandidate& candidate : candidates(state, step)) {
        const double guess = state.seconds + cost_of(state, step, candidate, kSample).seconds;
        guesses.push_back({guess, {&state, std::move(candidate)}});
      }
    }
    std::stable_sort(guesses.begin(), guesses.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    if (guesses.size() > kExact) guesses.resize(kExact);
    for (const auto& [guess, choice] : guesses) {
      next.push_back(with(*choice.first, step, choice.second));
    }
    return best(std::move(next));
  }

  std::vector<LayoutCandidate> candidates(const State& state, std::size_t step) const {
    const Grid shape = grid_of(network_.shape(step + 1));
    CandidateList list(positions());
    const bool sums = may_leave_partial_sums(step);
    if (step != last_affine_ || goal_.images > 1) {
      for (const Affine::Term& term : affine(step)->terms) {
        const Placed& from = state.placed.at(term.from);
        if (from.grid) list.add_aligned(*from.grid, shape, sums);
      }
      list.add_strided(shape, sums);
    }
    if (goal_.images == 1) {
      list.add_cyclic(shape, step == last_affine_);
    }
    std::vector<LayoutCandidate> candidates = list.take();
    for (LayoutCandidate& candidate : candidates) candidate.order.images = goal_.images;
    return candidates;
  }

  // Between the results of partial sums others are left over. A square does no harm to them; higher
  // powers make them so large that the rounding of weights that should ignore them shows.
  bool may_leave_partial_sums(std::size_t step) const {
    if (goal_.images > 1) return false;
    for (const std::size_t reader : consumers_[step + 1]) {
      const auto* polynomial = std::get_if<Polynomial>(&network_.steps[reader].op);
      if (polynomial != nullptr && polynomial->degree() > 2) return false;
    }
    return true;
  }

  // ---- cost ----

  struct Cost {
    double seconds = 0;
    std::size_t diagonals = 0, babies = 0, giants = 0, sums = 0;
  };

  State with(const State& state, std::size_t step, const LayoutCandidate& candidate) const {
    const Cost cost = cost_of(state, step, candidate, std::numeric_limits<double>::infinity());
    State next = state;
    next.seconds += cost.seconds;
    next.affines.push_back({candidate.form, candidate.order});
    next.placed[step + 1] = {candidate.form.result(), candidate.grid};
    next.lines.push_back(fmt::format("{}: {}; {} diagonals, {} + {} rotations, {} sums",
                                     value_name(network_, step + 1), candidate.text, cost.diagonals,
                                     cost.babies, cost.giants, cost.sums));
    return next;
  }

  // Of a sample of about so many products.
  Cost cost_of(const State& state, std::size_t step, const LayoutCandidate& candidate,
               double sample) const {
    Cost cost;
    cost.sums = static_cast<std::size_t>(std::bit_width(candidate.form.groups)) - 1;
    const Affine& op = *affine(step);
    for (const Affine::Term& term : op.terms) {
      const std::size_t primes = primes_[term.from];
      const SlotLayout& from = state.placed.at(term.from).layout;
      const std::uint32_t repeats =
          goal_.images > 1
              ? goal_.images
              : std::min(packing::repeats_of(from), packing::repeats_of(candidate.form.sums));
      const bool deep = goal_.log_n >= kDeepLogN;
      const TransformCosts costs =
          transform_costs(goal_.log_n, primes, deep ? kDeepSpecialPrimes : kSpecialPrimes,
                          deep ? kDeepDigitPrimes : kDigitPrimes, repeats);
      const auto seconds = [&](const ckks_params::WorkCounts& work) {
        return machine_.seconds(work, 1);
      };
      const double products = static_cast<double>(term.map.nonzeros()) * candidate.form.groups *
                              static_cast<double>(candidate.form.sums.rows.size()) /
                              static_cast<double>(candidate.form.sums.elements());
      const packing::ShiftCount count = packing::count_shifts(
          term.map, from, candidate.form, candidate.order,
          products > sample ? static_cast<std::size_t>(std::ceil(products / sample)) | 1 : 1);
      const packing::BabyGiant split = packing::split_shifts(
          count.shifts, positions() * goal_.images, seconds(costs.baby), seconds(costs.giant));
      const auto rotated = [](const std::vector<std::uint32_t>& shifts) {
        return shifts.size() - (!shifts.empty() && shifts.front() == 0 ? 1 : 0);
      };
      cost.diagonals += count.diagonals;
      cost.babies += rotated(split.babies);
      cost.giants += rotated(split.giants);
      const double inputs = from.ciphertexts;
      const double outputs = candidate.form.sums.ciphertexts;
      cost.seconds += inputs * (seconds(costs.input) +
                                static_cast<double>(rotated(split.babies)) * seconds(costs.baby)) +
                      static_cast<double>(count.diagonals) *
                          (seconds(costs.diagonal) + (deep ? seconds(costs.encoding) : 0)) +
                      outputs * (seconds(costs.output) +
                                 static_cast<double>(rotated(split.giants)) * seconds(costs.giant) +
                                 static_cast<double>(cost.sums) * seconds(costs.sum));
    }
    return cost;
  }

  // The cheapest states, one for each layout of what later steps read.
  std::vector<State> best(std::vector<State> states) const {
    std::stable_sort(states.begin(), states.end(),
                     [](const State& a, const State& b) { return a.seconds < b.seconds; });
    std::vector<State> kept;
    for (State& state : states) {
      const bool known = std::any_of(kept.begin(), kept.end(), [&](const State& k) {
        return k.placed.rbegin()->second.layout == state.placed.rbegin()->second.layout;
      });
      if (!known) kept.push_back(std::move(state));
      if (kept.size() == kBeam) break;
    }
    return kept;
  }

  LayoutPlan plan_of(State& state) const {
    LayoutPlan plan;
    plan.positions = positions();
    plan.images = goal_.images;
    for (auto& [value, placed] : state.placed) plan.layouts.push_back(std::move(placed.layout));
    plan.affines = std::move(state.affines);
    plan.seconds = state.seconds;
    plan.lines = std::move(state.lines);
    return plan;
  }

  const ArithmeticNetwork& network_;
  LayoutGoal goal_;
  const ckks_params::MachineProfile& machine_;
  std::vector<std::vector<std::size_t>> consumers_;
  std::vector<std::size_t> primes_;  ///< by value
  std::size_t last_affine_ = 0;
};

}  // namespace

std::optional<LayoutPlan> search_layouts(const ArithmeticNetwork& network, const LayoutGoal& goal,
                                         const ckks_params::MachineProfile& machine) {
  return Search(network, goal, machine).run();
}

}  // namespace serdab::compiler
