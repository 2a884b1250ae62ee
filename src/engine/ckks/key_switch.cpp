#include "engine/ckks/key_switch.h"

#include <array>
#include <cstring>

#include "engine/base/assert.h"
#include "engine/kernels/kernels.h"
#include "engine/ring/divide.h"
#include "engine/ring/limbs.h"

namespace serdab::ckks {
namespace {

constexpr std::size_t kMaxDigits = 64;

bool in_digit(const Context& context, Level level, std::size_t j, std::size_t prime) {
  const Context::Digit digit = context.digit(level, j);
  return prime >= digit.begin && prime < digit.begin + digit.count;
}

/// The digits of a polynomial as coefficients modulo every prime of the basis, a transform away
/// from what a key is multiplied with. A digit of one prime is not spread: the transforms read its
/// residues as they are.
class RaisedDigits {
 public:
  RaisedDigits(const Context& context, const Poly& poly, Level level)
      : context_(context), level_(level), basis_(context.basis_qp(level)), poly_(poly) {
    const ring::RnsBasis q = context.basis(level);
    coefficients_ = ring::RnsPoly<ring::Coeff>(q.n(), q.size());
    ring::for_each_limb(q.size(), q.n(), [&](std::size_t i) {
      kernels::kernels().ntt_inverse_one(q.ntt(i), poly.limb(i), coefficients_.limb(i));
    });
    raised_.resize(count());
    ring::for_each_limb(count(), basis_.size() * basis_.n(), [&](std::size_t j) {
      if (context.digit(level, j).count > 1) raise(j);
    });
  }

  std::size_t count() const { return context_.parameters().digits(level_); }

  /// values[j] takes the values of digit j modulo the prime of limb i: made in out(j), or the
  /// polynomial's own where the digit includes that prime.
  template <typename Out>
  void values(std::size_t i, const Out& out, const std::uint64_t** values) const {
    const std::size_t prime = basis_.prime(i);
    std::array<kernels::NttJob, kMaxDigits> jobs;
    std::size_t job_count = 0;
    for (std::size_t j = 0; j < count(); ++j) {
      if (in_digit(context_, level_, j, prime)) {
        values[j] = poly_.limb(i);
        continue;
      }
      kernels::NttJob& job = jobs[job_count++];
      job.out = out(j);
      values[j] = job.out;
      if (raised_[j].empty()) {
        const std::size_t own = context_.digit(level_, j).begin;
        job.in = coefficients_.limb(own);
        job.source =
            context_.digit_form() == Representative::kCentred ? &basis_.modulus(own) : nullptr;
        if (job.source == nullptr) {
          kernels::kernels().reduce(basis_.modulus(i), job.in, job.out, basis_.n());
          job.in = job.out;
        }
      } else {
        job.in = raised_[j][i].data();
      }
    }
    kernels::kernels().ntt_forward(basis_.ntt(i), {jobs.data(), job_count});
  }

 private:
  void raise(std::size_t j) {
    const Context::Digit digit = context_.digit(level_, j);
    std::vector<const std::uint64_t*> residues;
    for (std::size_t i = 0; i < digit.count; ++i) {
      residues.push_back(coefficients_.limb(digit.begin + i));
    }
    raised_[j].resize(basis_.size());
    std::vector<ring::BaseConverter::Target> targets;
    for (std::size_t i = 0; i < basis_.size(); ++i) {
      if (in_digit(context_, level_, j, basis_.prime(i))) continue;
      raised_[j][i] = base::Buffer<std::uint64_t>(basis_.n());
      targets.push_back({basis_.prime(i), raised_[j][i].data()});
    }
    context_.digit_converter(level_, j).convert(residues.data(), context_.digit_form(), targets);
  }

  const Context& context_;
  Level level_;
  ring::RnsBasis basis_;
  const Poly& poly_;
  ring::RnsPoly<ring::Coeff> coefficients_;
  std::vector<std::vector<base::Buffer<std::uint64_t>>> raised_;  ///< [digit][limb]
};

/// The values of all digits modulo the prime of one limb, in memory that goes with this object.
class DigitValues {
 public:
  DigitValues(const RaisedDigits& digits, std::size_t i, std::size_t n) {
    digits.values(
        i,
        [&](std::size_t j) {
          scratch_[j] = base::Buffer<std::uint64_t>(n);
          return scratch_[j].data();
        },
        values_.data());
  }
  const std::uint64_t* const* data() const { return values_.data(); }

 private:
  std::array<base::Buffer<std::uint64_t>, kMaxDigits> scratch_;
  std::array<const std::uint64_t*, kMaxDigits> values_;
};

/// The key's limb for limb i of the basis q_0 … q_level, P; the key may have more primes of Q.
std::size_t key_limb(const ring::RnsBasis& basis, const SwitchingKey& key, std::size_t i) {
  return i < basis.q_limbs() ? i : key.info().level.primes() + (i - basis.q_limbs());
}

/// What joins the sums of one limb: w·b and w·a; null for nothing.
struct Addends {
  const std::uint64_t* b = nullptr;
  const std::uint64_t* a = nullptr;
  std::uint64_t w = 0;
};

Addends lifted(const Context& context, const ring::RnsBasis& basis, const Lift& lift,
               std::size_t i) {
  if (i >= basis.q_limbs()) return {};  // modulo its own primes P is nothing
  return {lift.b != nullptr ? lift.b->limb(i) : nullptr,
          lift.a != nullptr ? lift.a->limb(i) : nullptr, context.p_residue(i)};
}

/// The values of all digits modulo one prime, in words of one length or the other.
struct DigitView {
  std::size_t count = 0;
  const std::uint64_t* const* values = nullptr;
  const std::uint32_t* const* short_values = nullptr;
};

/// Both inner products for one limb, with the addends.
void multiply_keys(const ring::RnsBasis& basis, std::size_t i, const DigitView& digits,
                   const SwitchingKey& key, const Addends& addends, std::uint64_t* out_b,
                   std::uint64_t* out_a) {
  std::array<const std::uint64_t*, kMaxDigits> b, a;
  std::array<const std::uint32_t*, kMaxDigits> b_short, a_short;
  const std::size_t limb = key_limb(basis, key, i);
  const bool is_short = key.b(0).is_short(limb);
  for (std::size_t j = 0; j < digits.count; ++j) {
    if (is_short) {
      b_short[j] = key.b(j).short_limb(limb);
      a_short[j] = key.a(j).short_limb(limb);
    } else {
      b[j] = key.b(j).limb(limb);
      a[j] = key.a(j).limb(limb);
    }
  }
  kernels::kernels().inner_product(basis.modulus(i),
                                   {.digits = digits.count,
                                    .d = digits.values,
                                    .k0 = is_short ? nullptr : b.data(),
                                    .k1 = is_short ? nullptr : a.data(),
                                    .d_short = digits.short_values,
                                    .k0_short = is_short ? b_short.data() : nullptr,
                                    .k1_short = is_short ? a_short.data() : nullptr,
                                    .addend0 = addends.b,
                                    .addend1 = addends.a,
                                    .w = addends.w,
                                    .out0 = out_b,
                                    .out1 = out_a},
                                   basis.n());
}

/// What a decomposition holds modulo one prime.
class StoredValues {
 public:
  StoredValues(const Decomposition& decomposition, std::size_t i)
      : count_(decomposition.digits.size()), is_short_(decomposition.digits[0].is_short(i)) {
    for (std::size_t j = 0; j < count_; ++j) {
      if (is_short_) {
        short_values_[j] = decomposition.digits[j].short_limb(i);
      } else {
        values_[j] = decomposition.digits[j].limb(i);
      }
    }
  }
  DigitView view() const {
    return {count_, is_short_ ? nullptr : values_.data(),
            is_short_ ? short_values_.data() : nullptr};
  }

 private:
  std::size_t count_;
  bool is_short_;
  std::array<const std::uint64_t*, kMaxDigits> values_;
  std::array<const std::uint32_t*, kMaxDigits> short_values_;
};

}  // namespace

Ciphertext to_ciphertext(const CiphertextInfo& info, SwitchedPair&& pair) {
  std::vector<Poly> parts;
  parts.push_back(std::move(pair.b));
  parts.push_back(std::move(pair.a));
  return Ciphertext(info, std::move(parts));
}

Decomposition mod_up(const Context& context, const Poly& poly, Level level) {
  const ring::RnsBasis basis = context.basis_qp(level);
  const RaisedDigits digits(context, poly, level);
  Decomposition result{level, {}};
  for (std::size_t j = 0; j < digits.count(); ++j) result.digits.emplace_back(basis);
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    std::array<base::Buffer<std::uint64_t>, kMaxDigits> scratch;
    std::array<const std::uint64_t*, kMaxDigits> values;
    const auto out = [&](std::size_t j) {
      if (!result.digits[j].is_short(i)) return result.digits[j].limb(i);
      scratch[j] = base::Buffer<std::uint64_t>(basis.n());
      return scratch[j].data();
    };
    digits.values(i, out, values.data());
    for (std::size_t j = 0; j < digits.count(); ++j) result.digits[j].set_limb(i, values[j]);
  });
  return result;
}

SwitchedPair inner_product(const Context& context, const Decomposition& decomposition,
                           const SwitchingKey& key, const Lift& lift) {
  SERDAB_ASSERT(key.info().level >= decomposition.level);
  const ring::RnsBasis basis = context.basis_qp(decomposition.level);
  SwitchedPair out{Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    multiply_keys(basis, i, StoredValues(decomposition, i).view(), key,
                  lifted(context, basis, lift, i), out.b.limb(i), out.a.limb(i));
  });
  return out;
}

void inner_products(const Context& context, const Decomposition& decomposition,
                    std::span<const GaloisKey* const> keys, const Lift& lift, const SumSink& sink) {
  const ring::RnsBasis basis = context.basis_qp(decomposition.level);
  ring::for_each_limb(basis.size(), basis.n() * keys.size(), [&](std::size_t i) {
    // The sums stay in cache until they are taken.
    base::Buffer<std::uint64_t> b(basis.n()), a(basis.n());
    const StoredValues values(decomposition, i);
    for (std::size_t k = 0; k < keys.size(); ++k) {
      SERDAB_ASSERT(keys[k]->switching_key().info().level >= decomposition.level);
      multiply_keys(basis, i, values.view(), keys[k]->switching_key(),
                    lifted(context, basis, lift, i), b.data(), a.data());
      sink(k, i, b.data(), a.data());
    }
  });
}

std::vector<SwitchedPair> inner_products_moved(const Context& context,
                                               const Decomposition& decomposition,
                                               std::span<const GaloisKey* const> keys,
                                               const Lift& lift) {
  const ring::RnsBasis basis = context.basis_qp(decomposition.level);
  std::vector<SwitchedPair> out;
  for (const GaloisKey* key : keys) {
    SERDAB_ASSERT(key->is_moved());
    out.push_back({Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())});
  }
  const auto move = [&](std::size_t k, std::size_t i, const std::uint64_t* b,
                        const std::uint64_t* a) {
    const kernels::Permutation moves = keys[k]->automorphism().moves();
    kernels::kernels().permute(moves, b, out[k].b.limb(i), basis.n());
    kernels::kernels().permute(moves, a, out[k].a.limb(i), basis.n());
  };
  inner_products(context, decomposition, keys, lift, move);
  return out;
}

SwitchedPair switch_key_lazy(const Context& context, const Poly& poly, Level level,
                             const SwitchingKey& key, const Lift& lift) {
  SERDAB_ASSERT(key.info().level >= level);
  const ring::RnsBasis basis = context.basis_qp(level);
  const RaisedDigits digits(context, poly, level);
  SwitchedPair out{Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const DigitValues values(digits, i, basis.n());
    multiply_keys(basis, i, {digits.count(), values.data()}, key, lifted(context, basis, lift, i),
                  out.b.limb(i), out.a.limb(i));
  });
  return out;
}

void switch_key_moved_add(const Context& context, const Poly& poly, Level level,
                          const GaloisKey& key, const Poly& addend, SwitchedPair& sum) {
  SERDAB_ASSERT(key.is_moved() && key.switching_key().info().level >= level);
  const ring::RnsBasis basis = context.basis_qp(level);
  const kernels::Permutation moves = key.automorphism().moves();
  const auto& k = kernels::kernels();
  const RaisedDigits digits(context, poly, level);
  const bool first = sum.b.empty();
  if (first) sum = {Poly(basis.n(), basis.size()), Poly(basis.n(), basis.size())};
  ring::for_each_limb(basis.size(), basis.n(), [&](std::size_t i) {
    const DigitValues values(digits, i, basis.n());
    base::Buffer<std::uint64_t> b(basis.n()), a(basis.n());
    multiply_keys(basis, i, {digits.count(), values.data()}, key.switching_key(),
                  {addend.limb(i), nullptr, 1}, b.data(), a.data());
    const auto move = [&](const base::Buffer<std::uint64_t>& from, std::uint64_t* to) {
      if (first) {
        k.permute(moves, from.data(), to, basis.n());
      } else {
        k.permute_add(basis.modulus(i), moves, from.data(), to, to, basis.n());
      }
    };
    move(b, sum.b.limb(i));
    move(a, sum.a.limb(i));
  });
}

Poly divide_by_p(const Context& context, Level level, Poly&& a) {
  Poly* const only = &a;
  ring::divide_by_last(context.basis_qp(level), context.mod_down_converter(level), {&only, 1});
  return std::move(a);
}

void mod_down(const Context& context, Level level, SwitchedPair& pair, std::size_t primes) {
  const std::array<Poly*, 2> both = {&pair.b, &pair.a};
  ring::divide_by_last(context.basis_qp(level), context.mod_down_converter(level, primes), both);
}

SwitchedPair switch_key(const Context& context, const Poly& poly, Level level,
                        const SwitchingKey& key, const Lift& lift) {
  SwitchedPair pair = switch_key_lazy(context, poly, level, key, lift);
  mod_down(context, level, pair);
  return pair;
}

}  // namespace serdab::ckks
