#include "engine/circuits/polynomial.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <sstream>

#include "engine/base/assert.h"
#include "engine/base/error.h"
#include "engine/circuits/internal/polynomial_plan.h"
#include "engine/ckks/checks.h"
#include "engine/ckks/integers.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/limbs.h"

namespace serdab::circuits {
namespace {

constexpr const char* kName = "polynomial";
using ckks::Ciphertext;
using ckks::Level;
using ckks::Scale;
using internal::PolynomialNode;

template <typename... Parts>
[[noreturn]] void fail(base::ErrorCode code, const Parts&... parts) {
  std::ostringstream message;
  message.precision(17);
  message << kName << ": ";
  (message << ... << parts);
  base::fail(code, message.str());
}

/// The first limbs of all parts.
Ciphertext at_level(const ckks::Context& context, const Ciphertext& x, Level level) {
  ckks::CiphertextInfo info = x.info();
  info.level = level;
  Ciphertext copy(context, info, x.size());
  for (std::size_t part = 0; part < x.size(); ++part) {
    for (std::size_t i = 0; i < level.primes(); ++i) {
      std::copy_n(x.part(part).limb(i), context.n(), copy.part(part).limb(i));
    }
  }
  return copy;
}

/// sum += k·x on the primes of `sum`, for the integer k, which lands on the scale of `sum`. Without
/// parts, `sum` counts as 0.
void add_multiple(const ckks::Context& context, Ciphertext& sum, const Ciphertext& x, double k) {
  const ring::RnsBasis basis = context.basis(sum.level());
  for (std::size_t part = 0; part < x.size(); ++part) {
    const bool first = part == sum.size();
    if (first) sum.add_part(ckks::Poly(basis.n(), basis.size()));
    ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
      const auto& table = kernels::kernels();
      const auto multiply = first ? table.multiply_scalar : table.multiply_scalar_add;
      multiply(basis.modulus(i), x.part(part).limb(i), ckks::integer_residue(k, basis.modulus(i)),
               sum.part(part).limb(i), basis.n());
    });
  }
}

double horner(const std::vector<double>& c, double x) {
  double sum = 0;
  for (std::size_t i = c.size(); i-- > 0;) sum = sum * x + c[i];
  return sum;
}

double clenshaw(const std::vector<double>& c, double u) {
  double b1 = 0, b2 = 0;
  for (std::size_t i = c.size(); i-- > 1;) {
    const double b = c[i] + 2 * u * b1 - b2;
    b2 = b1;
    b1 = b;
  }
  return c[0] + u * b1 - b2;
}

}  // namespace

double evaluate(const Polynomial& p, double x) {
  if (p.basis == PolynomialBasis::kMonomial) return horner(p.coefficients, x);
  return clenshaw(p.coefficients, (2 * x - p.begin - p.end) / (p.end - p.begin));
}

PolynomialCounts count(const Polynomial& polynomial) {
  return internal::count(internal::make_plan(polynomial));
}

PolynomialEvaluation::PolynomialEvaluation(const ckks::Context& context,
                                           const Polynomial& polynomial, Level level, Scale scale,
                                           Scale target)
    : context_(&context),
      level_(level),
      scale_(scale),
      target_(target),
      plan_(std::make_unique<const internal::PolynomialPlan>(internal::make_plan(polynomial))) {
  ckks::check_level(context, level, kName);
  const std::size_t depth = counts().depth;
  if (depth > level.value) {
    fail(base::ErrorCode::kInvalidArgument, "it takes ", depth, " levels, the input is at level ",
         level.value);
  }
  top_ = plan_->factor_is_integer ? level : Level{level.value - 1};
  set_power_scales();
  set_node_scales();
}

PolynomialEvaluation::PolynomialEvaluation(PolynomialEvaluation&&) noexcept = default;
PolynomialEvaluation& PolynomialEvaluation::operator=(PolynomialEvaluation&&) noexcept = default;
PolynomialEvaluation::~PolynomialEvaluation() = default;

double PolynomialEvaluation::prime(Level level) const {
  return static_cast<double>(context_->parameters().q()[level.value]);
}

void PolynomialEvaluation::check_scale(Scale scale, Level level, const char* of_what) const {
  const double bits = std::log2(scale.value), log_q = context_->parameters().log_q(level);
  if (bits >= 0 && bits < log_q) return;
  fail(base::ErrorCode::kInvalidArgument, "the scale of ", of_what, " would be 2^", bits,
       " at level ", level.value, ", whose modulus has ", log_q,
       " bits: choose primes nearer to the scale");
}

/// As the evaluator will compute them.
void PolynomialEvaluation::set_power_scales() {
  const std::size_t highest = plan_->steps.empty() ? 1 : plan_->steps.back().power;
  power_scales_.resize(highest + 1);
  power_scales_[1] = scale_;
  check_scale(scale_, level_, "the input");
  for (const internal::PowerStep& step : plan_->steps) {
    const Level level{top_.value - internal::depth_of_power(step.power)};
    const Scale product = power_scales_[step.a] * power_scales_[step.b];
    check_scale(product, Level{level.value + 1}, "a power");
    power_scales_[step.power] =
        base::rescaled(product, context_->parameters().q()[level.value + 1]);
    check_scale(power_scales_[step.power], level, "a power");
  }
}

Level PolynomialEvaluation::node_level(std::size_t node) const {
  return {top_.value - plan_->nodes[node].depth + 1};
}

void PolynomialEvaluation::set_node_scales() {
  node_scales_.resize(plan_->nodes.size());
  node_scales_[0] = {target_.value * prime(node_level(0))};
  for (std::size_t i = 0; i < plan_->nodes.size(); ++i) {
    const PolynomialNode& node = plan_->nodes[i];
    check_scale(node_scales_[i], node_level(i), "a sum");
    for (const internal::ScalarTerm& term : node.terms) {
      check_scale({node_scales_[i].value / power_scales_[term.power].value}, node_level(i),
                  "a constant");
    }
    for (const internal::NodeProduct& product : node.products) {
      node_scales_[product.node] = {node_scales_[i].value / power_scales_[product.power].value *
                                    prime(node_level(product.node))};
    }
  }
}

PolynomialCounts PolynomialEvaluation::counts() const { return internal::count(*plan_); }

Level PolynomialEvaluation::output_level() const {
  return {level_.value - static_cast<unsigned>(counts().depth)};
}

/// One evaluation.
class PolynomialEvaluation::Run {
 public:
  Run(const PolynomialEvaluation& e, const ckks::Evaluator& evaluator,
      const ckks::RelinearisationKey& key)
      : e_(e), context_(*e.context_), evaluator_(evaluator), key_(key) {}

  Ciphertext result(const Ciphertext& x) {
    powers_.emplace(1, first_power(x));
    for (const internal::PowerStep& step : e_.plan_->steps) powers_.emplace(step.power, make(step));
    Ciphertext y = evaluate(0);
    set_scale(y, e_.target_);
    ran_.depth = x.level().value - y.level().value;
    return y;
  }
  const PolynomialCounts& ran() const { return ran_; }

 private:
  /// x, or u in [−1, 1].
  Ciphertext first_power(const Ciphertext& x) {
    const internal::PolynomialPlan& plan = *e_.plan_;
    Ciphertext u = x.clone();
    if (!plan.factor_is_integer) {
      evaluator_.multiply_scalar(u, plan.factor, {e_.scale_.value * e_.prime(e_.level_)});
      rescale(u);
      set_scale(u, e_.scale_);
    } else if (plan.factor != 1) {
      evaluator_.multiply_integer(u, static_cast<std::int64_t>(plan.factor));
    }
    if (plan.shift != 0) evaluator_.add_scalar(u, plan.shift);
    return u;
  }

  Ciphertext make(const internal::PowerStep& step) {
    const Ciphertext& a = powers_.at(step.a);
    const Ciphertext& b = powers_.at(step.b);
    Ciphertext product = multiply(a, b, std::min(a.level(), b.level()));
    if (e_.plan_->basis == PolynomialBasis::kChebyshev) {
      evaluator_.multiply_integer(product, 2);
      if (step.a == step.b) {
        evaluator_.add_scalar(product, -1);
      } else {
        add_scaled(product, step.a - step.b, -1);
      }
    }
    rescale(product);
    return product;
  }

  /// A node's sum, relinearised and rescaled.
  Ciphertext evaluate(std::size_t index) {
    const PolynomialNode& node = e_.plan_->nodes[index];
    const Level level = e_.node_level(index);
    ckks::CiphertextInfo info = powers_.at(1).info();
    info.level = level;
    info.scale = e_.node_scales_[index];
    Ciphertext sum(info, {});
    for (const internal::NodeProduct& product : node.products) {
      Ciphertext value = multiply(evaluate(product.node), powers_.at(product.power), level);
      set_scale(value, info.scale);
      if (sum.size() == 0) {
        sum = std::move(value);
      } else {
        evaluator_.add_inplace(sum, value);
      }
    }
    for (const internal::ScalarTerm& term : node.terms) {
      add_scaled(sum, term.power, term.coefficient);
    }
    if (node.constant != 0) evaluator_.add_scalar(sum, node.constant);
    rescale(sum);
    return sum;
  }

  Ciphertext multiply(const Ciphertext& a, const Ciphertext& b, Level level) {
    ++ran_.multiplications;
    if (&a == &b) return evaluator_.square(a);
    if (a.level() == level && b.level() == level) return evaluator_.multiply(a, b);
    if (a.level() == level) return evaluator_.multiply(a, at_level(context_, b, level));
    return evaluator_.multiply(at_level(context_, a, level), b);
  }

  /// sum += c·X^power, the constant rounded where it lands on the sum's scale.
  void add_scaled(Ciphertext& sum, unsigned power, double c) {
    const Ciphertext& x = powers_.at(power);
    add_multiple(context_, sum, x, std::nearbyint(c * sum.scale().value / x.scale().value));
    ++ran_.scalar_products;
  }

  void rescale(Ciphertext& x) {
    ++ran_.rescales;
    if (x.size() == 2) return evaluator_.rescale(x);
    ++ran_.relinearisations;
    evaluator_.relinearise_rescale(x, key_);
  }

  /// The scale as it was planned, which differs in the last bits at most.
  static void set_scale(Ciphertext& x, Scale scale) {
    SERDAB_ASSERT(std::abs(x.scale().value / scale.value - 1) < 0x1p-48);
    x.set_info(x.level(), scale);
  }

  const PolynomialEvaluation& e_;
  const ckks::Context& context_;
  const ckks::Evaluator& evaluator_;
  const ckks::RelinearisationKey& key_;
  std::map<unsigned, Ciphertext> powers_;
  PolynomialCounts ran_;
};

Ciphertext PolynomialEvaluation::apply(const ckks::Evaluator& evaluator, const Ciphertext& x,
                                       const ckks::RelinearisationKey& key,
                                       PolynomialCounts* ran) const {
  ckks::check_parts(*context_, x, 2, kName);
  if (x.level() != level_) {
    fail(base::ErrorCode::kMismatch, "the input is at level ", x.level().value,
         ", the evaluation planned for level ", level_.value);
  }
  ckks::check_same_scale(x.scale(), scale_, kName);
  const ckks::SwitchingKeyInfo& info = key.switching_key().info();
  ckks::check_key(x.info(), info.parameter_id, info.key_id, info.level, kName);
  Run run(*this, evaluator, key);
  Ciphertext y = run.result(x);
  if (ran != nullptr) *ran = run.ran();
  return y;
}

}  // namespace serdab::circuits
