#include "networks/compiler/budget/search.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <set>

#include "engine/base/error.h"
#include "engine/ckks_params/noise.h"
#include "networks/compiler/budget/special_primes.h"
#include "networks/compiler/plan/work.h"
#include "networks/program/file_sizes.h"
#include "networks/program/noise.h"
#include "networks/program/package.h"

namespace serdab::compiler {
namespace {

using ckks_params::Parameters;
using ckks_params::ParametersLiteral;

// Largest of some 10^5 errors over their standard deviation: log2(4.5).
constexpr double kPeakBits = 2.2;
constexpr unsigned kMinLogN = 12;
constexpr unsigned kMaxLogN = 16;
constexpr int kAttempts = 6;
// Errors grow faster than linearly far from where sensitivities were measured.
constexpr double kLeastStep = 0.2;
// Power that rotations may add to a value, of a rescale's rounding.
constexpr double kRotationShare = 0.25;
// Primes of the longest digit tried: longer ones need more special primes than they save keys.
constexpr std::size_t kMaxDigitPrimes = 24;
// What reductions may leave undropped to save primes, and how large those may be (BitBudget).
constexpr double kSpareBits[] = {0, 8, 16, 32};
constexpr double kLargestBits[] = {kLargestPrimeBits, 36, 30, 25};

// Smallest prime size tried: below, a ring has too few that are 1 modulo 4N.
double min_prime_bits(unsigned log_n) { return std::max(20.0, log_n + 7.5); }

struct Candidate {
  ParametersLiteral literal;
  Emitted emitted;
  double error = 0;      ///< largest answer error
  double deviation = 0;  ///< root mean square answer error
  double cost = 0;       ///< predicted seconds an image
};

std::string describe(base::RingKind ring, unsigned log_n) {
  return std::string(ring == base::RingKind::kStandard ? "standard" : "real") + " ring, N = 2^" +
         std::to_string(log_n);
}

// Noise is felt at the scale after the rescale that follows a relinearisation; there it must stay
// below a quarter of the rescale's own rounding.
// What a rotation adds to a transform's operand must stay well below the rounding that the operand
// has had.
bool quiet_enough(const program::Program& program, const ckks_params::NoiseModel& noise) {
  constexpr double kShare = 0.25;
  for (program::ValueId id = 0; id < program.values.size(); ++id) {
    if (std::holds_alternative<program::Transform>(program.values[id].op) &&
        noise.key_error(program.values[id].level).value >
            kRotationShare * noise.rescale({}, 0).value) {
      return false;
    }
    if (!std::holds_alternative<program::Relinearise>(program.values[id].op)) continue;
    const bool rescaled = id + 1 < program.values.size() &&
                          std::holds_alternative<program::Rescale>(program.values[id + 1].op);
    const double limit = rescaled
                             ? kShare * program::added_noise(program, id + 1, noise)
                             : noise.slot_deviation(noise.rescale({}, 0), program.values[id].scale);
    if (program::added_noise(program, id, noise) > limit) return false;
  }
  return true;
}

// A chain of one prime tells the noise of the ring alone.
RingNoise ring_noise(base::RingKind ring, unsigned log_n) {
  ParametersLiteral literal;
  literal.ring = ring;
  literal.log_n = log_n;
  literal.q = ckks_params::choose_primes(ring, log_n, {30});
  literal.digit_primes = 0;
  const ckks_params::NoiseModel noise(Parameters::create(literal));
  return {noise.slot_deviation(noise.encoding() + noise.symmetric(), {1}),
          noise.slot_deviation(noise.rescale({}, 0), {1}),
          noise.slot_deviation(noise.encoding(), {1})};
}

class Search {
 public:
  Search(const Circuit& circuit, const program::Bundle& calibration, const program::Bundle& truth,
         const SearchGoal& goal, const ckks_params::MachineProfile& machine)
      : circuit_(circuit),
        calibration_(calibration),
        truth_(truth),
        goal_(goal),
        machine_(machine) {}

  SearchResult run() {
    statistics_ = measure_nodes(circuit_, calibration_);
    sample_ = calibration_.first(sample_size());
    sensitivity_ = measure_sensitivity(circuit_, statistics_, sample_);
    step();
    std::optional<Candidate> best;
    for (const double bits : goal_.precision_bits) {
      precision_bits_ = bits;
      best = cheapest();
      if (best) break;
    }
    if (!best) {
      std::string tried;
      for (const std::string& line : considered_) tried += "\n  " + line;
      base::fail(base::ErrorCode::kUnsupported,
                 "no parameter set reaches the asked precision within the security level; ask for "
                 "fewer --precision bits or a shallower network. Tried:" +
                     tried);
    }
    SearchResult result;
    result.parameters = std::move(best->literal);
    result.emitted = std::move(best->emitted);
    result.largest_answer = statistics_.largest_answer;
    result.answer_noise = best->deviation;
    result.precision_bits = std::log2(statistics_.largest_answer / best->error);
    result.cost = best->cost;
    result.considered = std::move(considered_);
    return result;
  }

 private:
  // So many images that a run of the circuit stays a matter of seconds, however large it is.
  std::size_t sample_size() const {
    constexpr double kProducts = 1.5e9;
    constexpr std::size_t kLeast = 48;
    double products = 1;
    for (const CircuitNode& node : circuit_.nodes) {
      if (const auto* affine = std::get_if<CircuitAffine>(&node.op)) {
        for (const RealTerm& term : affine->terms) {
          products += static_cast<double>(term.map.multiplications());
        }
      }
    }
    const auto images = static_cast<std::size_t>(kProducts / products);
    return std::min(calibration_.batch, std::max(kLeast, images));
  }

  // Over rings, dimensions and shapes of the chain.
  std::optional<Candidate> cheapest() {
    std::optional<Candidate> best;
    for (base::RingKind ring : {base::RingKind::kConjugateInvariant, base::RingKind::kStandard}) {
      if (goal_.ring && *goal_.ring != ring) continue;
      for (unsigned log_n = kMinLogN; log_n <= kMaxLogN; ++log_n) {
        if (goal_.log_n && *goal_.log_n != log_n) continue;
        tried_.clear();
        for (const double largest : kLargestBits) {
          // Batches rotate nothing: there the largest primes are the fewest.
          if (largest != kLargestPrimeBits && circuit_.layout == program::Layout::kBatch) break;
          for (const double spare : kSpareBits) {
            const double most = best ? 0.97 * best->cost : std::numeric_limits<double>::infinity();
            std::optional<Candidate> candidate = try_dimension(ring, log_n, spare, largest, most);
            step();
            if (candidate && candidate->cost < most) {
              best = std::move(candidate);
            }
          }
        }
      }
    }
    return best;
  }

  void step() const {
    if (goal_.step) goal_.step();
  }

  void note(base::RingKind ring, unsigned log_n, const std::string& text) {
    std::string line = describe(ring, log_n) + ": " + text;
    if (std::find(considered_.begin(), considered_.end(), line) == considered_.end()) {
      considered_.push_back(std::move(line));
    }
  }

  // Nothing when the chain was tried before, none reaches the precision, or it would cost more than
  // `most` (simulating it, which takes longest, is left out then).
  std::optional<Candidate> try_dimension(base::RingKind ring, unsigned log_n, double spare,
                                         double largest, double most) {
    double target = statistics_.largest_answer * std::exp2(-precision_bits_ - kPeakBits);
    const double allowed = statistics_.largest_answer * std::exp2(-precision_bits_);
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      std::optional<Candidate> candidate = build(ring, log_n, target, spare, largest);
      if (!candidate) return std::nullopt;
      candidate->cost = cost(*candidate);
      if (candidate->cost >= most) {
        note(ring, log_n, "no cheaper");
        return std::nullopt;
      }
      measure(*candidate);
      if (candidate->error <= allowed) {
        char text[160];
        std::snprintf(text, sizeof text, "%zu primes, log QP %.0f, %.1f bits, %.3g ms an image",
                      candidate->literal.q.size(), Parameters::create(candidate->literal).log_qp(),
                      std::log2(statistics_.largest_answer / candidate->error),
                      candidate->cost * 1e3);
        note(ring, log_n, text);
        return candidate;
      }
      target *= std::max(kLeastStep, 0.9 * allowed / candidate->error);
    }
    note(ring, log_n, "precision not reached");
    return std::nullopt;
  }

  std::optional<Candidate> build(base::RingKind ring, unsigned log_n, double target, double spare,
                                 double largest) {
    RingNoise noise = ring_noise(ring, log_n);
    // The input of a transform is rotated before anything else: quiet_enough bounds what that adds.
    if (circuit_.layout == program::Layout::kPacked) {
      noise.fresh = std::hypot(noise.fresh, std::sqrt(kRotationShare) * noise.rounding);
    }
    BitBudget budget =
        solve_budget(circuit_, statistics_, sensitivity_, noise, target, goal_.guard_bits);
    budget.spare_bits = spare;
    budget.largest_prime_bits = largest;
    Chain chain = plan_chain(circuit_, statistics_, budget, min_prime_bits(log_n));
    if (!tried_.insert(chain.log_primes).second) return std::nullopt;
    const double limit = ckks_params::max_log_qp(log_n, goal_.security);
    if (chain.log_q() > limit) {
      if (spare == 0 && largest == kLargestPrimeBits) {
        note(ring, log_n,
             "log Q " + std::to_string(std::lround(chain.log_q())) + " exceeds the table's " +
                 std::to_string(std::lround(limit)));
      }
      return std::nullopt;
    }
    Candidate candidate;
    candidate.literal.ring = ring;
    candidate.literal.log_n = log_n;
    candidate.literal.security = goal_.security;
    try {
      emit_with_room(chain, budget, candidate);
      choose_key_switching(candidate);
      Parameters::create(candidate.literal);
    } catch (const base::Error& error) {
      note(ring, log_n, error.what());
      return std::nullopt;
    }
    return candidate;
  }

  // Primes near the sizes asked for leave scales that differ a little from the planned ones, twice
  // as much after each squaring: the last modulus makes up for it.
  void emit_with_room(Chain& chain, const BitBudget& budget, Candidate& candidate) const {
    constexpr int kTries = 4;
    for (int i = 0; i < kTries; ++i) {
      candidate.literal.q = ckks_params::choose_primes(candidate.literal.ring,
                                                       candidate.literal.log_n, chain.log_primes);
      candidate.emitted = emit(circuit_, statistics_, budget, chain, candidate.literal.q, {});
      const double missing = goal_.guard_bits - headroom_bits(candidate.emitted.program);
      if (missing < 0.25) return;
      chain.log_primes.front() =
          std::min(chain.log_primes.front() + missing, budget.largest_prime_bits);
    }
    base::fail(base::ErrorCode::kUnsupported,
               "primes of the sizes wanted are too rare here: a value would wrap");
  }

  // Of the value that comes closest to wrapping, above its calibrated magnitude.
  static double headroom_bits(const program::Program& program) {
    std::vector<double> log_q = {0};
    for (const std::uint64_t q : program.primes) {
      log_q.push_back(log_q.back() + std::log2(static_cast<double>(q)));
    }
    double least = log_q.back();
    for (const program::Value& value : program.values) {
      least = std::min(least, log_q[value.level.primes()] - 1 - std::log2(value.scale.value) -
                                  std::log2(std::max(value.calibrated, 1e-9)));
    }
    return least;
  }

  // Fewer, longer digits save transforms and key bytes but need more special primes: the cheapest
  // that the table still allows.
  void choose_key_switching(Candidate& candidate) const {
    ParametersLiteral& literal = candidate.literal;
    program::Program& program = candidate.emitted.program;
    if (program::relinearisation_level(program) < 0 && program::rotation_keys(program).empty()) {
      literal.digit_primes = 0;
      return;
    }
    std::optional<double> best;
    const ParametersLiteral plain = literal;
    const auto longest = static_cast<unsigned>(std::min(kMaxDigitPrimes, plain.q.size()));
    for (unsigned digit_primes = 1; digit_primes <= longest; ++digit_primes) {
      // Noise of key switching arises at the product's scale and is divided with it, so P may be
      // far below the digits.
      auto with = with_special_primes(
          plain, digit_primes, min_prime_bits(plain.log_n),
          [&](const ckks_params::NoiseModel& noise) { return quiet_enough(program, noise); });
      if (!with) continue;
      program.special_primes = with->p;
      const double now = seconds(program, *with) * crowding(program, *with);
      if (best && now >= *best) continue;
      best = now;
      literal = std::move(*with);
    }
    if (!best) {
      base::fail(base::ErrorCode::kUnsupported, "the table leaves no room for special primes");
    }
    program.special_primes = literal.p;
  }

  // Rotations whose keys are given up take further steps: half the keys, twice the time, was seen.
  double crowding(const program::Program& program, const ParametersLiteral& literal) const {
    if (!goal_.key_bytes) return 1;
    const auto bytes = static_cast<double>(program::evaluation_key_bytes(program, literal));
    return std::max(1.0, bytes / static_cast<double>(*goal_.key_bytes));
  }

  double seconds(const program::Program& program, const ParametersLiteral& literal) const {
    return machine_.seconds(query_work(program, literal.log_n, literal.digit_primes).sum(), 1);
  }

  // Simulated noise and the actual rounded weights against the network's own answer.
  void measure(Candidate& candidate) const {
    const program::Program& program = candidate.emitted.program;
    const ckks_params::NoiseModel noise(Parameters::create(candidate.literal));
    const program::Bundle answer =
        program::run_reference(program, sample_, program::noise_observer(program, noise, 7));
    double squares = 0;
    double largest = 0;
    for (std::size_t o = 0; o < truth_.count; ++o) {
      for (std::size_t i = 0; i < sample_.batch; ++i) {
        const double error = std::abs(answer.row(circuit_.answer_row(o))[i] - truth_.row(o)[i]);
        squares += error * error;
        largest = std::max(largest, error);
      }
    }
    candidate.deviation = std::sqrt(
        squares / static_cast<double>(std::max<std::size_t>(1, truth_.count * sample_.batch)));
    // A larger batch will see larger errors than the calibration did.
    candidate.error = std::max(largest, candidate.deviation * std::exp2(kPeakBits));
    // A network far from its calibration can run away altogether.
    if (!std::isfinite(candidate.deviation)) {
      candidate.error = std::numeric_limits<double>::infinity();
    }
  }

  // Predicted seconds an image.
  double cost(const Candidate& candidate) const {
    const double slots = std::exp2(candidate.literal.log_n) /
                         (candidate.literal.ring == base::RingKind::kStandard ? 2 : 1) /
                         circuit_.positions;
    const double images = goal_.images == 0 ? slots : static_cast<double>(goal_.images);
    const double queries = std::ceil(images / slots);
    return seconds(candidate.emitted.program, candidate.literal) *
           crowding(candidate.emitted.program, candidate.literal) * queries / images;
  }

  const Circuit& circuit_;
  const program::Bundle& calibration_;
  const program::Bundle& truth_;
  const SearchGoal& goal_;
  const ckks_params::MachineProfile& machine_;
  program::Bundle sample_;  ///< the first images of the calibration
  double precision_bits_ = 0;
  NodeStatistics statistics_;
  Sensitivity sensitivity_;
  std::set<std::vector<double>> tried_;  ///< chains, at one dimension
  std::vector<std::string> considered_;
};

}  // namespace

SearchResult search_parameters(const Circuit& circuit, const program::Bundle& calibration,
                               const program::Bundle& truth, const SearchGoal& goal,
                               const ckks_params::MachineProfile& machine) {
  return Search(circuit, calibration, truth, goal, machine).run();
}

}  // namespace serdab::compiler
