#include "engine/arith/primes.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "engine/base/assert.h"
#include "engine/base/error.h"

namespace serdab::arith {
namespace {

constexpr std::uint64_t kPrimeLimit = std::uint64_t{1} << 50;
/// Primes further than a factor of 2^kReach from the wished size are not "near" it.
constexpr double kReach = 1.0;

std::uint64_t mul_wide(std::uint64_t a, std::uint64_t b, std::uint64_t n) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % n);
}

std::uint64_t pow_wide(std::uint64_t base, std::uint64_t exponent, std::uint64_t n) {
  std::uint64_t result = 1;
  for (base %= n; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = mul_wide(result, base, n);
    base = mul_wide(base, base, n);
  }
  return result;
}

/// True when `witness` proves n composite; n − 1 = odd·2^twos.
bool proves_composite(std::uint64_t n, std::uint64_t witness, std::uint64_t odd, int twos) {
  std::uint64_t x = pow_wide(witness, odd, n);
  if (x == 1 || x == n - 1) return false;
  for (int i = 1; i < twos; ++i) {
    x = mul_wide(x, x, n);
    if (x == n - 1) return false;
  }
  return true;
}

/// Candidates 1 mod `congruence` in order of distance from `target`, while they stay in [low,
/// high].
class NearestFirst {
 public:
  NearestFirst(double target, std::uint64_t congruence, std::uint64_t low, std::uint64_t high)
      : target_(target), step_(congruence), low_(low), high_(high) {
    below_ = static_cast<std::uint64_t>(
                 std::llround(std::floor((target - 1) / static_cast<double>(step_)))) *
                 step_ +
             1;
    above_ = below_ + step_;
  }
  /// The next candidate, or 0 when both sides are exhausted.
  std::uint64_t next() {
    const bool has_below = below_ >= low_ && below_ > 1;
    const bool has_above = above_ <= high_;
    if (!has_below && !has_above) return 0;
    const double distance_below = target_ - static_cast<double>(below_);
    const double distance_above = static_cast<double>(above_) - target_;
    if (has_below && (!has_above || distance_below <= distance_above)) {
      const std::uint64_t result = below_;
      below_ = below_ > step_ ? below_ - step_ : 0;
      return result;
    }
    const std::uint64_t result = above_;
    above_ += step_;
    return result;
  }

 private:
  double target_;
  std::uint64_t step_, low_, high_, below_, above_;
};

std::vector<std::uint64_t> search(double log2_size, std::uint64_t congruence, std::size_t count,
                                  std::span<const std::uint64_t> exclude) {
  const auto low = static_cast<std::uint64_t>(std::exp2(log2_size - kReach));
  const double top = std::exp2(log2_size + kReach);
  const auto high =
      top < static_cast<double>(kPrimeLimit) ? static_cast<std::uint64_t>(top) : kPrimeLimit - 1;
  NearestFirst candidates(std::exp2(log2_size), congruence, low, high);
  std::vector<std::uint64_t> found;
  while (found.size() < count) {
    const std::uint64_t p = candidates.next();
    if (p == 0) break;
    if (is_prime(p) && std::find(exclude.begin(), exclude.end(), p) == exclude.end())
      found.push_back(p);
  }
  return found;
}

}  // namespace

bool is_prime(std::uint64_t value) {
  // These twelve bases decide every n < 3.3·10^24 (Sorenson and Webster 2015).
  constexpr std::uint64_t kBases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
  if (value < 2) return false;
  for (const std::uint64_t p : kBases) {
    if (value % p == 0) return value == p;
  }
  const int twos = std::countr_zero(value - 1);
  const std::uint64_t odd = (value - 1) >> twos;
  return std::none_of(std::begin(kBases), std::end(kBases),
                      [&](std::uint64_t base) { return proves_composite(value, base, odd, twos); });
}

std::vector<std::uint64_t> find_ntt_primes(double log2_size, std::uint64_t congruence,
                                           std::size_t count,
                                           std::span<const std::uint64_t> exclude) {
  if (congruence == 0 || !(log2_size >= 1.0 && log2_size <= 50.0)) {
    base::fail(base::ErrorCode::kInvalidArgument, "primes of 2^" + std::to_string(log2_size) +
                                                      " = 1 mod " + std::to_string(congruence) +
                                                      ": sizes run from 2^1 to 2^50");
  }
  std::vector<std::uint64_t> found = search(log2_size, congruence, count, exclude);
  if (found.size() == count) return found;

  std::string message = "only " + std::to_string(found.size()) + " of " + std::to_string(count) +
                        " primes near 2^" + std::to_string(log2_size) + " are 1 mod " +
                        std::to_string(congruence);
  double size = std::ceil(log2_size);
  while (size <= 50.0 && search(size, congruence, count, exclude).size() < count) size += 1.0;
  message += size <= 50.0 ? "; the smallest size that has enough is 2^" +
                                std::to_string(static_cast<int>(size))
                          : "; no size below 2^50 has enough";
  base::fail(base::ErrorCode::kInvalidArgument, message);
}

std::uint64_t minimal_primitive_root(std::uint64_t order, const Modulus& q) {
  SERDAB_ASSERT(std::has_single_bit(order));
  if (order < 2 || (q.value() - 1) % order != 0) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "modulus " + std::to_string(q.value()) + " has no root of unity of order " +
                   std::to_string(order) + ": it must be 1 mod " + std::to_string(order));
  }
  // g^((q−1)/order) has exact order `order` when its (order/2)-th power is −1: half of all g do.
  std::uint64_t root = 0;
  for (std::uint64_t g = 2; root == 0; ++g) {
    SERDAB_ASSERT(g < q.value());
    const std::uint64_t candidate = pow_mod(g, (q.value() - 1) / order, q);
    if (pow_mod(candidate, order / 2, q) == q.value() - 1) root = candidate;
  }
  // The others are its odd powers.
  const ShoupFactor square(mul_mod(root, root, q), q);
  std::uint64_t minimal = root;
  for (std::uint64_t i = 1; i < order / 2; ++i) {
    root = mul_mod(root, square, q.value());
    minimal = std::min(minimal, root);
  }
  return minimal;
}

}  // namespace serdab::arith
