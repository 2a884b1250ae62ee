#include "networks/program/answer_form.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ckks_params/noise.h"
#include "networks/program/testing/small_program.h"

namespace serdab::program {
namespace {

// 16 positions; an input, what the ops given make of it, all at level 0.
Program packed(std::vector<Op> ops) {
  Program p;
  p.layout = Layout::kPacked;
  p.positions = 16;
  p.values.push_back({Input{}, "", 1, 2, {0}, {1024}});
  for (Op& op : ops) p.values.push_back({std::move(op), "", 1, 2, {0}, {1024}});
  return p;
}

RotateSum sums(ValueId from, const std::vector<std::uint32_t>& shifts) {
  RotateSum sum{from, {}};
  for (const std::uint32_t shift : shifts) sum.rotations.push_back({shift, {shift}});
  return sum;
}

TEST(AnswerStride, FollowsSumsConstantsAndTransforms) {
  EXPECT_EQ(answer_stride(packed({})), 1u);
  EXPECT_EQ(answer_stride(packed({sums(0, {8})})), 2u);
  EXPECT_EQ(answer_stride(packed({sums(0, {8, 4})})), 4u);
  EXPECT_EQ(answer_stride(packed({sums(0, {4, 8})})), 4u);
  EXPECT_EQ(answer_stride(packed({sums(0, {4})})), 1u);  // the rest of the circle is missing
  EXPECT_EQ(answer_stride(packed({sums(0, {1, 2})})), 1u);
  EXPECT_EQ(answer_stride(packed({sums(0, {1, 2, 4, 8})})), 16u);
  EXPECT_EQ(answer_stride(packed({sums(0, {8}), sums(1, {4})})), 4u);
  EXPECT_EQ(answer_stride(packed({sums(0, {8, 4}), Square{1}, AddConstant{2, {0.5}}})), 4u);

  std::vector<double> constants(16);
  for (std::size_t i = 0; i < 16; ++i) constants[i] = static_cast<double>(i % 8);
  EXPECT_EQ(answer_stride(packed({sums(0, {8, 4}), AddConstant{1, constants}})), 2u);

  // Weights that repeat every 4 positions, of an operand that does.
  Transform transform{1, {{0, {}}, {1, {1}}}, {{0, {}}, {4, {4}}}, {}, {1}};
  Diagonal diagonal{0, 0, 1, 1, {}, {}};
  for (std::uint32_t p = 0; p < 16; ++p) {
    diagonal.positions.push_back(p);
    diagonal.weights.push_back(static_cast<float>(p % 4));
  }
  transform.diagonals = {diagonal};
  EXPECT_EQ(answer_stride(packed({sums(0, {8, 4}), transform})), 4u);
  EXPECT_EQ(answer_stride(packed({sums(0, {8}), transform})), 2u);
  transform.diagonals[0].weights[3] = 7;
  EXPECT_EQ(answer_stride(packed({sums(0, {8, 4}), transform})), 1u);
}

TEST(AnswerForm, IsTheSmallestThatAddsAQuarterOfThePower) {
  for (const auto ring : {base::RingKind::kStandard, base::RingKind::kConjugateInvariant}) {
    ckks_params::ParametersLiteral literal;
    literal.ring = ring;
    literal.log_n = 13;
    literal.q = ckks_params::choose_primes(ring, 13, {25, 22});
    literal.digit_primes = 0;
    const auto parameters = ckks_params::Parameters::create(literal);
    Program program = packed({sums(0, {8, 4})});
    program.values.back().scale = {std::exp2(30)};
    program.values.back().level = {1};
    const double noise = 1e-3;
    const AnswerForm form = choose_answer_form(program, {10, noise}, parameters);
    EXPECT_EQ(form.stride, 4u);
    // 47 bits hold a sign, 30 bits of scale, 3.3 of the limit and 2 to spare.
    EXPECT_EQ(form.gain_bits, 10);
    const ckks_params::NoiseModel model(parameters);
    const auto added = [&](unsigned first, unsigned other) {
      const double q = std::exp2(parameters.log_q());
      return model.slot_deviation(
          model.answer_rounding(std::ldexp(q, -static_cast<int>(first)),
                                std::ldexp(q, -static_cast<int>(other)), 2, 4),
          base::Scale{std::exp2(40)});
    };
    EXPECT_LE(added(form.first_bits, form.other_bits), noise / 4);
    EXPECT_GT(added(form.first_bits - 1u, form.other_bits), noise / 4);
    EXPECT_GT(added(form.first_bits, form.other_bits - 1u), noise / 4);
    const std::size_t whole = answer_bytes(program.answer(), {4, 0, 0}, literal);
    EXPECT_LT(answer_bytes(program.answer(), form, literal), whole / 2);

    EXPECT_EQ(choose_answer_form(program, {10, 0}, parameters), (AnswerForm{4, 0, 0}));
  }
}

}  // namespace
}  // namespace serdab::program
