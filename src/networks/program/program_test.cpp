#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "engine/base/error.h"
#include "networks/program/noise.h"
#include "networks/program/reference.h"
#include "networks/program/schedule.h"
#include "networks/program/serialise.h"
#include "networks/program/testing/small_program.h"
#include "networks/program/verifier.h"

namespace serdab::program {
namespace {

// Sizes only: nothing here computes modulo them.
const std::vector<std::uint64_t> kPrimes = {1099511480321u, 1099510890497u, 1099510824961u,
                                            1099510693889u};
Program example() { return testing::small_program(kPrimes, {1099509805057u}); }

TEST(Verifier, AcceptsTheExample) { EXPECT_NO_THROW(verify(example())); }

struct Breakage {
  const char* expected;
  void (*apply)(Program&);
};

// What verify says of a broken program; it must name what was expected.
std::string refusal(Program program, const Breakage& breakage) {
  breakage.apply(program);
  try {
    verify(program);
    ADD_FAILURE() << "accepted: " << breakage.expected;
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find(breakage.expected), std::string::npos) << error.what();
    return error.what();
  }
  return "";
}

TEST(Verifier, NamesWhatIsWrong) {
  const Breakage breakages[] = {
      {"scale is", [](Program& p) { p.values[2].scale.value *= 1.0000001; }},
      {"before it is defined", [](Program& p) { std::get<Square>(p.values[2].op).from = 5; }},
      {"level is", [](Program& p) { p.values[2].level.value -= 1; }},
      {"parts", [](Program& p) { p.values[4].parts = 3; }},
      {"reads element",
       [](Program& p) { std::get<Affine>(p.values[1].op).terms[0].blocks[0].inputs[0] = 4; }},
      {"writes element",
       [](Program& p) { std::get<Affine>(p.values[1].op).terms[0].blocks[0].outputs[0] = 9; }},
      {"two blocks of a term",
       [](Program& p) { std::get<Affine>(p.values[1].op).terms[0].blocks[1].outputs[0] = 0; }},
      {"size of a weight matrix",
       [](Program& p) {
         std::get<Affine>(p.values[1].op).terms[0].matrices[0].weights.pop_back();
       }},
      {"below 2^20",
       [](Program& p) {
         std::get<Affine>(p.values[1].op).terms[0].matrices[0].weights[0] = 1 << 20;
       }},
      {"number of biases", [](Program& p) { std::get<Affine>(p.values[1].op).bias.pop_back(); }},
      {"drops", [](Program& p) { std::get<Rescale>(p.values[5].op).primes = 4; }},
      {"unnamed", [](Program& p) { p.values[6].op = Input{}; }},
      {"not finite", [](Program& p) { std::get<Affine>(p.values[1].op).bias[0] = 1e308 * 10; }},
  };
  for (const Breakage& breakage : breakages) {
    EXPECT_NE(refusal(example(), breakage).find("layer"), std::string::npos) << breakage.expected;
  }
}

// One transform on 32 positions, its weights twice around.
Program example_of_runs() {
  Program p;
  p.layout = Layout::kPacked;
  p.positions = 32;
  p.primes = example().primes;
  const base::Scale s{1024};
  const unsigned top = static_cast<unsigned>(p.primes.size()) - 1;
  p.values.push_back({Input{}, "layer", 1, 2, {top}, s, 1.0});
  Transform t{0, {{0, {}}, {1, {1}}}, {{0, {}}}, {}, s, 1, 2};
  t.diagonals.push_back({0, 0, 0, 0, {0, 1, 2, 3, 5, 7, 9, 15}, {1, 1, 1, 1, 2, 2, 2, 3}});
  t.diagonals.push_back({0, 0, 1, 0, {4}, {-1}});
  p.values.push_back({std::move(t), "layer", 1, 2, {top}, s * s, 1.0});
  return p;
}

// Four images of eight positions side by side; what each position reads is the next one's.
Program example_side_by_side() {
  Program p = example_of_runs();
  p.positions = 8;
  p.images = 4;
  auto& t = std::get<Transform>(p.values[1].op);
  t.repeats = 1;
  t.diagonals = {{0, 0, 1, 0, {0, 1, 6}, {1, 2, 3}}};
  return p;
}

TEST(Verifier, ImagesSideBySideStayApart) {
  EXPECT_NO_THROW(verify(example_side_by_side()));
  const Breakage breakages[] = {
      {"reads beyond its image",
       [](Program& p) { std::get<Transform>(p.values[1].op).diagonals[0].positions[2] = 7; }},
      {"reads beyond its image",
       [](Program& p) {
         std::get<Transform>(p.values[1].op).babies[1] = {31, {31}};
       }},
      {"shift of a rotation",
       [](Program& p) {
         std::get<Transform>(p.values[1].op).babies[1] = {1, {31, 10}};
       }},
      {"step is not within 1 and 31",
       [](Program& p) {
         std::get<Transform>(p.values[1].op).babies[1] = {0, {32}};
       }},
      {"repeats of weights", [](Program& p) { std::get<Transform>(p.values[1].op).repeats = 2; }},
      {"images side by side is",
       [](Program& p) {
         const Value& last = p.values.back();
         p.values.push_back({RotateSum{1, {{1, {1}}}}, "layer", 1, 2, last.level, last.scale, 1.0});
       }},
      {"no power of two", [](Program& p) { p.images = 3; }},
      {"no power of two", [](Program& p) { p.images = 1u << 15; }},
  };
  for (const Breakage& breakage : breakages) refusal(example_side_by_side(), breakage);
}

std::vector<std::uint8_t> bytes_of(const Program& p) {
  base::ByteWriter out;
  write(p, out);
  return out.take();
}

TEST(Serialise, RoundTrips) {
  const auto bytes = bytes_of(example());
  base::ByteReader in(bytes, "program");
  const Program back = read(in);
  in.finish();
  EXPECT_EQ(bytes_of(back), bytes);
}

TEST(Serialise, ImagesSideBySideComeBack) {
  const auto bytes = bytes_of(example_side_by_side());
  base::ByteReader in(bytes, "program");
  const Program back = read(in);
  in.finish();
  EXPECT_EQ(back.images, 4u);
  EXPECT_EQ(bytes_of(back), bytes);
}

// Of weights that repeat, in runs of one weight and of several.
TEST(Serialise, RunsOfWeightsComeBack) {
  Program p = example_of_runs();
  const auto bytes = bytes_of(p);
  base::ByteReader in(bytes, "program");
  const Program back = read(in);
  in.finish();
  EXPECT_EQ(bytes_of(back), bytes);
  const auto& before = std::get<Transform>(p.values[1].op);
  const auto& after = std::get<Transform>(back.values[1].op);
  EXPECT_EQ(after.repeats, 2u);
  EXPECT_EQ(after.diagonals[0].positions, before.diagonals[0].positions);
  EXPECT_EQ(after.diagonals[0].weights, before.diagonals[0].weights);
}

// The first run is of positions 0, 1, 2, 3 with weight 1: what is written instead of its count or
// its stride never unfolds.
TEST(Serialise, RunsThatUnfoldTooFarAreRefused) {
  const auto good = bytes_of(example_of_runs());
  base::ByteWriter run;
  for (const std::uint32_t v : {0u, 4u, 1u}) run.u32(v);
  run.f32(1);
  const auto written = run.take();
  const auto found = std::search(good.begin(), good.end(), written.begin(), written.end());
  ASSERT_NE(found, good.end());
  const auto expect_refused = [&](std::ptrdiff_t field, std::uint32_t value, const char* reason) {
    base::ByteWriter word;
    word.u32(value);
    auto bytes = good;
    std::ranges::copy(word.take(), bytes.begin() + (found - good.begin()) + 4 * field);
    try {
      base::ByteReader in(bytes, "program");
      read(in);
      ADD_FAILURE() << field << ", " << value;
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(reason), std::string::npos) << error.what();
    }
  };
  for (const std::uint32_t count : {0u, 1u << 25, 0xffffffffu}) {
    expect_refused(1, count, "a run of weights is too long");
  }
  expect_refused(1, 17, "do not ascend below 16");
  expect_refused(2, 0, "do not ascend below 16");
  expect_refused(2, 0xffffffffu, "a run of weights is too long");
}

TEST(Serialise, EveryCutIsAnError) {
  const auto bytes = bytes_of(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    base::ByteReader in({bytes.data(), size}, "program");
    EXPECT_THROW(read(in), base::Error) << size;
  }
}

TEST(Serialise, FlippedBytesNeverGiveAnUnverifiedProgram) {
  const auto good = bytes_of(example());
  std::mt19937 random(3);
  std::size_t refused = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    auto bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
    try {
      base::ByteReader in(bytes, "program");
      verify(read(in));
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
}

TEST(Reference, ComputesTheFormula) {
  const Program p = example();
  Bundle input(4, 1);
  input.data = {0.5, -0.25, 0.75, 1.0};
  const Bundle answer = run_reference(p, input);
  const auto f = [](double a) { return (a * a + 0.5 * a + 0.5) * a; };
  const double a[5] = {0.5 * 0.5 + 3 * 0.25 / 16 + 0.1, 0.5 - 5 * 0.25 / 16 - 0.2,
                       0.5 * 0.75 - 3.0 / 16 + 0.3, 0.75 + 5.0 / 16, 0.25};
  const double y0 = f(a[0]) + f(a[1]) / 2 - f(a[2]) / 4 + 7 * f(a[3]) / 64 + f(a[4]) / 64;
  const double y1 = 5 * f(a[1]) / 64 - f(a[2]) + 20 * f(a[3]) / 64 + 3 * f(a[4]) / 64 + 1.0 + 1.0;
  EXPECT_NEAR(answer.data[0], y0, 1e-5);
  EXPECT_NEAR(answer.data[1], y1, 1e-5);
}

// Follows the schedule with a set of live elements: nothing is read before it is made or after it
// is released, everything is made once, and only the answer is left.
TEST(Schedule, RespectsEveryDependence) {
  for (std::size_t wave_elements : {1u, 4u, 64u}) {
    const Program p = example();
    const Schedule schedule = make_schedule(p, wave_elements);
    std::set<Element> live;
    std::set<std::pair<std::size_t, std::size_t>> done;
    for (const Wave& wave : schedule.waves) {
      const Stage& stage = schedule.stages[wave.stage];
      for (std::uint32_t t : wave.tiles) {
        EXPECT_TRUE(done.insert({wave.stage, t}).second);
        if (const auto* affine = std::get_if<Affine>(&p.values[stage.values[0]].op)) {
          for (const auto& [k, b] : stage.tiles[t].blocks) {
            for (std::uint32_t i : affine->terms[k].blocks[b].inputs) {
              EXPECT_TRUE(live.count({affine->terms[k].from, i}));
            }
          }
        }
      }
      for (std::uint32_t t : wave.tiles) {
        for (ValueId id : stage.stored) {
          for (std::uint32_t i : stage.tiles[t].elements) live.insert({id, i});
        }
      }
      for (const Element& e : wave.release) EXPECT_EQ(live.erase(e), 1u);
    }
    EXPECT_EQ(live.size(), p.answer().count);
    for (const Element& e : live) EXPECT_EQ(e.value, p.values.size() - 1);
    std::size_t tiles = 0;
    for (const Stage& stage : schedule.stages) tiles += stage.tiles.size();
    EXPECT_EQ(done.size(), tiles);
  }
}

TEST(Schedule, PeakCoversWhatLivesAtOnce) {
  const Program p = example();
  const std::size_t n = 1024;
  const std::size_t peak = planned_peak_bytes(p, make_schedule(p), n, 1);
  EXPECT_GE(peak, 4 * ciphertext_bytes(p.values[0], n));
  EXPECT_LE(peak, 40 * ciphertext_bytes(p.values[2], n));
}

TEST(Noise, SimulationIsDeterministicAndNearThePrediction) {
  ckks_params::ParametersLiteral literal;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 13;
  literal.q = ckks_params::choose_primes(literal.ring, 13, {40, 40, 40, 40});
  literal.p = ckks_params::choose_primes(literal.ring, 13, {42}, literal.q);
  const ckks_params::NoiseModel model(ckks_params::Parameters::create(literal));
  const Program p = testing::small_program(literal.q, literal.p);
  const Bundle input(4, 2000);
  const auto observer = noise_observer(p, model, 5);
  Bundle first;
  const Observer keep_input = [&](ValueId id, Bundle& bundle) {
    observer(id, bundle);
    if (id == 0) first = bundle;
  };
  const Bundle a = run_reference(p, input, keep_input);
  const Bundle b = run_reference(p, input, noise_observer(p, model, 5));
  EXPECT_EQ(a.data, b.data);
  double squares = 0;
  for (double x : first.data) squares += x * x;
  const double measured = std::sqrt(squares / static_cast<double>(first.data.size()));
  EXPECT_NEAR(measured, added_noise(p, 0, model), 0.05 * measured);
  EXPECT_GT(added_noise(p, 4, model), 0);  // relinearise
  EXPECT_GT(added_noise(p, 5, model), 0);  // rescale
  EXPECT_EQ(added_noise(p, 1, model), 0);  // affine
}

}  // namespace
}  // namespace serdab::program
