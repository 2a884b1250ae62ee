#include "networks/packing/slot_transform.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <tuple>

#include "engine/base/error.h"

namespace serdab::packing {
namespace {

struct Way {
  std::uint32_t input = 0, shift = 0, position = 0;
};

// Finds the preferred way from an element to one partial sum of an output.
class Router {
 public:
  Router(const SlotLayout& in, const OutputForm& out, const ShiftOrder& order)
      : in_(in), out_(out), order_(order), mask_(in.positions * order.images - 1) {
    sorted_ = true;
    for (std::size_t e = 0; e < in.elements(); ++e) {
      const auto rows = in.of(e);
      sorted_ = sorted_ && std::is_sorted(rows.begin(), rows.end());
    }
    interleaved_ = out.groups > 1 && out.group_stride == 1 && order.multiple == out.groups;
  }

  Way best(std::span<const std::uint32_t> rows, std::uint32_t base) const {
    base %= in_.positions;
    if (interleaved_) return best_interleaved(rows, base);
    if (order_.multiple == 1 && in_.ciphertexts == 1 && sorted_) return nearest(rows, base);
    Choice choice;
    for (const std::uint32_t row : rows) {
      for (std::uint32_t g = 0; g < out_.groups; ++g) {
        consider(row, (base + g * out_.group_stride) & mask_, choice);
      }
    }
    return choice.way;
  }

 private:
  struct Choice {
    std::uint64_t rank = std::numeric_limits<std::uint64_t>::max();
    Way way;
  };

  void consider(std::uint32_t row, std::uint32_t position, Choice& choice) const {
    const std::uint32_t shift = (row % in_.positions - position) & mask_;
    const std::uint64_t rank = std::uint64_t{shift % order_.multiple} << 32 | shift;
    if (rank >= choice.rank) return;
    choice = {rank, {row / in_.positions, shift, position}};
  }

  // Groups at every position of a stride: exactly one of them is a multiple of it away.
  Way best_interleaved(std::span<const std::uint32_t> rows, std::uint32_t base) const {
    Choice choice;
    for (const std::uint32_t row : rows) {
      consider(row, (base + (row - base) % out_.groups) & mask_, choice);
    }
    return choice.way;
  }

  // The next row from the position on, cyclically.
  Way nearest(std::span<const std::uint32_t> rows, std::uint32_t base) const {
    Choice choice;
    for (std::uint32_t g = 0; g < out_.groups; ++g) {
      const std::uint32_t position = (base + g * out_.group_stride) & mask_;
      const auto at = std::lower_bound(rows.begin(), rows.end(), position);
      consider(at == rows.end() ? rows.front() : *at, position, choice);
    }
    return choice.way;
  }

  const SlotLayout& in_;
  const OutputForm& out_;
  ShiftOrder order_;
  std::uint32_t mask_;
  bool sorted_ = false, interleaved_ = false;
};

std::uint32_t common_repeats(const SlotLayout& in, const OutputForm& out, const ShiftOrder& order) {
  return order.images > 1 ? 1 : std::min(repeats_of(in), repeats_of(out.sums));
}

// Calls f(way, output ciphertext, weight) for every product of every `every`-th row, of all
// products that repeat for the first.
template <typename F>
void for_each_product(const SparseMatrix& a, const SlotLayout& in, const OutputForm& out,
                      const ShiftOrder& order, std::size_t every, F&& f) {
  const std::uint32_t positions = in.positions;
  if (a.cols != in.elements() || a.rows != out.sums.elements() || out.sums.positions != positions ||
      !std::has_single_bit(positions) || !std::has_single_bit(out.groups) ||
      !std::has_single_bit(order.images) || (order.images > 1 && out.groups > 1)) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "slot_transform: a map of " + std::to_string(a.rows) + " x " +
                   std::to_string(a.cols) + " between layouts of " + std::to_string(in.elements()) +
                   " and " + std::to_string(out.sums.elements()) + " elements");
  }
  const Router router(in, out, order);
  const std::uint32_t period = positions / common_repeats(in, out, order);
  for (std::size_t r = 0; r < a.rows; r += every) {
    const auto columns = a.row_columns(r);
    const auto values = a.row_values(r);
    for (const std::uint32_t base : out.sums.of(r)) {
      if (base % positions >= period) continue;
      for (std::size_t i = 0; i < columns.size(); ++i) {
        f(router.best(in.of(columns[i]), base), base / positions, values[i]);
      }
    }
  }
}

}  // namespace

std::vector<std::uint32_t> OutputForm::rotations() const {
  std::vector<std::uint32_t> shifts;
  for (std::uint32_t g = groups / 2; g > 0; g /= 2) shifts.push_back(g * group_stride);
  return shifts;
}

SlotLayout OutputForm::result() const {
  if (!cyclic()) return sums;
  SlotLayout layout{sums.positions, sums.ciphertexts, {0}, {}};
  for (std::size_t e = 0; e < sums.elements(); ++e) {
    for (const std::uint32_t row : sums.of(e)) {
      const std::uint32_t begin = row / sums.positions * sums.positions;
      for (std::uint32_t g = 0; g < groups; ++g) {
        layout.rows.push_back(begin + (row + g * group_stride) % sums.positions);
      }
    }
    layout.first.push_back(static_cast<std::uint32_t>(layout.rows.size()));
  }
  return layout;
}

std::size_t SlotTransform::nonzeros() const {
  std::size_t count = 0;
  for (const SlotDiagonal& diagonal : diagonals) count += diagonal.positions.size();
  return count * repeats;
}

SlotTransform slot_transform(const SparseMatrix& a, const SlotLayout& in, const OutputForm& out,
                             const ShiftOrder& order) {
  using Key = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;  // output, input, shift
  std::map<Key, std::vector<std::pair<std::uint32_t, float>>> products;
  for_each_product(a, in, out, order, 1, [&](const Way& way, std::uint32_t output, double weight) {
    products[{output, way.input, way.shift}].emplace_back(way.position, static_cast<float>(weight));
  });
  SlotTransform transform{
      in.positions, in.ciphertexts, out.sums.ciphertexts, {}, common_repeats(in, out, order),
      order.images};
  for (auto& [key, entries] : products) {
    // A product may be listed by a group that stands behind the first period.
    for (auto& [position, weight] : entries) position %= transform.period();
    std::sort(entries.begin(), entries.end());
    SlotDiagonal diagonal{std::get<1>(key), std::get<0>(key), std::get<2>(key), {}, {}};
    for (const auto& [position, weight] : entries) {
      // Two partial sums can meet only where a layout lets elements overlap.
      if (!diagonal.positions.empty() && diagonal.positions.back() == position) {
        base::fail(base::ErrorCode::kInvalidArgument,
                   "slot_transform: two products of one diagonal meet at one position");
      }
      diagonal.positions.push_back(position);
      diagonal.weights.push_back(weight);
    }
    transform.diagonals.push_back(std::move(diagonal));
  }
  return transform;
}

ShiftCount count_shifts(const SparseMatrix& a, const SlotLayout& in, const OutputForm& out,
                        const ShiftOrder& order, std::size_t every) {
  const std::size_t pairs = std::size_t{in.ciphertexts} * out.sums.ciphertexts;
  // Beside other images a shift goes on by less than the positions, or back by as many.
  const std::uint32_t shifts = in.positions * std::min(order.images, 2u);
  const std::uint32_t back = in.positions * order.images - shifts;
  std::vector<bool> seen(pairs * shifts);
  for_each_product(a, in, out, order, every, [&](const Way& way, std::uint32_t output, double) {
    const std::uint32_t shift = way.shift < in.positions ? way.shift : way.shift - back;
    seen[(std::size_t{output} * in.ciphertexts + way.input) * shifts + shift] = true;
  });
  ShiftCount count;
  for (std::uint32_t shift = 0; shift < shifts; ++shift) {
    bool any = false;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      if (!seen[pair * shifts + shift]) continue;
      any = true;
      ++count.diagonals;
    }
    if (any) count.shifts.push_back(shift < in.positions ? shift : shift + back);
  }
  return count;
}

namespace {

// Steps worth trying: small ones, and multiples of the commonest gaps between shifts.
std::vector<std::uint32_t> steps_to_try(const std::vector<std::uint32_t>& shifts,
                                        std::uint32_t positions) {
  constexpr std::uint32_t kSmall = 96, kMultiples = 64;
  constexpr std::size_t kGaps = 8;
  std::map<std::uint32_t, std::size_t> gaps;
  for (std::size_t i = 1; i < shifts.size(); ++i) ++gaps[shifts[i] - shifts[i - 1]];
  std::vector<std::pair<std::size_t, std::uint32_t>> common;
  for (const auto& [gap, count] : gaps) common.emplace_back(count, gap);
  std::sort(common.rbegin(), common.rend());
  std::set<std::uint32_t> steps;
  for (std::uint32_t step = 1; step <= std::min(kSmall, positions); ++step) steps.insert(step);
  for (std::size_t i = 0; i < std::min(kGaps, common.size()); ++i) {
    for (std::uint32_t m = 1; m <= kMultiples; ++m) {
      const std::uint64_t step = std::uint64_t{m} * common[i].second;
      if (step <= positions) steps.insert(static_cast<std::uint32_t>(step));
    }
  }
  for (std::uint32_t step = 128; step <= positions; step *= 2) steps.insert(step);
  return {steps.begin(), steps.end()};
}

}  // namespace

BabyGiant split_shifts(const std::vector<std::uint32_t>& shifts, std::uint32_t positions,
                       double baby_cost, double giant_cost) {
  std::vector<std::uint32_t> baby_seen(positions), giant_seen(positions);
  std::uint32_t stamp = 0;
  double best = std::numeric_limits<double>::infinity();
  std::uint32_t best_step = 1;
  for (const std::uint32_t step : steps_to_try(shifts, positions)) {
    ++stamp;
    double cost = 0;
    for (const std::uint32_t shift : shifts) {
      const std::uint32_t baby = shift % step, giant = shift - baby;
      if (baby != 0 && baby_seen[baby] != stamp) {
        baby_seen[baby] = stamp;
        cost += baby_cost;
      }
      if (giant != 0 && giant_seen[giant] != stamp) {
        giant_seen[giant] = stamp;
        cost += giant_cost;
      }
      if (cost >= best) break;
    }
    if (cost < best) {
      best = cost;
      best_step = step;
    }
  }
  std::set<std::uint32_t> babies, giants;
  for (const std::uint32_t shift : shifts) {
    babies.insert(shift % best_step);
    giants.insert(shift - shift % best_step);
  }
  return {best_step, {babies.begin(), babies.end()}, {giants.begin(), giants.end()}};
}

}  // namespace serdab::packing
