#include "networks/compiler/fit/internal/remez.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "networks/compiler/fit/internal/chebyshev.h"

namespace serdab::compiler::fit {
namespace {

class Exchange {
 public:
  Exchange(const Function& f, const std::vector<unsigned>& orders, double centre, double half,
           const graph::Range& domain)
      : f_(f), orders_(orders), centre_(centre), half_(half), domain_(domain) {
    make_grid();
    start();
  }

  std::vector<double> run() {
    constexpr int kMostRounds = 60;
    std::vector<double> best;
    double smallest = std::numeric_limits<double>::infinity();
    for (int round = 0; round < kMostRounds; ++round) {
      solve();
      const auto [reached, alternates] = exchange();
      // Once errors are no more than rounding, the exchange goes after noise.
      if (best.empty() || reached < smallest) best = weights_;
      smallest = std::min(smallest, reached);
      if (!alternates || reached <= std::abs(level_) * (1.0 + 1e-9) + 1e-15) break;
    }
    return best;
  }

 private:
  /// Dense, and denser towards the ends, as extrema of the error are.
  void make_grid() {
    constexpr std::size_t kPoints = 8000;
    const double middle = 0.5 * (domain_.low + domain_.high);
    const double radius = 0.5 * (domain_.high - domain_.low);
    for (std::size_t i = 0; i <= kPoints; ++i) {
      const double angle = std::numbers::pi * static_cast<double>(i) / kPoints;
      grid_.push_back(middle - radius * std::cos(angle));
      values_.push_back(f_(grid_.back()));
    }
  }

  void start() {
    const std::size_t count = orders_.size() + 1;
    for (std::size_t i = 0; i < count; ++i) {
      points_.push_back(i * (grid_.size() - 1) / (count - 1));
    }
  }

  /// Weights and level with Σ(x_i) + (−1)^i·level = f(x_i) at the current points.
  void solve() {
    const std::size_t count = points_.size();
    std::vector<double> a, b;
    for (std::size_t i = 0; i < count; ++i) {
      const double t = (grid_[points_[i]] - centre_) / half_;
      for (unsigned order : orders_) a.push_back(chebyshev(order, t));
      a.push_back(i % 2 == 0 ? 1.0 : -1.0);
      b.push_back(values_[points_[i]]);
    }
    weights_ = solve_least_squares(std::move(a), count, std::move(b));
    level_ = weights_.back();
    weights_.pop_back();
  }

  double error(std::size_t i) const {
    return values_[i] - chebyshev_sum(orders_, weights_, (grid_[i] - centre_) / half_);
  }

  struct Exchanged {
    double largest;   ///< error
    bool alternates;  ///< often enough for the points to be moved
  };

  /// Moves the points to extrema of the error with alternating signs that contain the largest.
  Exchanged exchange() {
    std::vector<std::size_t> peaks;
    std::vector<double> heights;
    for (std::size_t i = 0; i < grid_.size(); ++i) {
      const double e = error(i);
      if (!peaks.empty() && (e >= 0) == (heights.back() >= 0)) {
        if (std::abs(e) > std::abs(heights.back())) {
          peaks.back() = i;
          heights.back() = e;
        }
      } else {
        peaks.push_back(i);
        heights.push_back(e);
      }
    }
    double largest = 0.0;
    for (double height : heights) largest = std::max(largest, std::abs(height));
    // Too many alternations: drop the lower end, or the lowest pair inside, never the highest peak.
    while (peaks.size() > points_.size()) {
      const auto smaller = [](double a, double b) { return std::abs(a) < std::abs(b); };
      if (peaks.size() == points_.size() + 1) {
        erase(peaks, heights, smaller(heights.front(), heights.back()) ? 0 : peaks.size() - 1, 1);
      } else {
        const auto lowest = std::min_element(heights.begin(), heights.end(), smaller);
        const auto at = static_cast<std::size_t>(lowest - heights.begin());
        const bool at_end = at == 0 || at + 1 == heights.size();
        const bool with_next = !at_end && smaller(heights[at + 1], heights[at - 1]);
        erase(peaks, heights, at_end || with_next ? at : at - 1, at_end ? 1 : 2);
      }
    }
    if (peaks.size() == points_.size()) points_ = peaks;
    return {largest, peaks.size() == points_.size()};
  }

  static void erase(std::vector<std::size_t>& peaks, std::vector<double>& heights, std::size_t at,
                    std::size_t count) {
    const auto first = static_cast<std::ptrdiff_t>(at), size = static_cast<std::ptrdiff_t>(count);
    peaks.erase(peaks.begin() + first, peaks.begin() + first + size);
    heights.erase(heights.begin() + first, heights.begin() + first + size);
  }

  const Function& f_;
  const std::vector<unsigned>& orders_;
  double centre_, half_;
  graph::Range domain_;
  std::vector<double> grid_, values_, weights_;
  std::vector<std::size_t> points_;
  double level_ = 0.0;
};

}  // namespace

std::vector<double> remez(const Function& f, const std::vector<unsigned>& orders, double centre,
                          double half, const graph::Range& domain) {
  return Exchange(f, orders, centre, half, domain).run();
}

}  // namespace serdab::compiler::fit
