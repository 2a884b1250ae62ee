#include <gtest/gtest.h>

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
    Program p = example();
    breakage.apply(p);
    try {
      verify(p);
      ADD_FAILURE() << "accepted: " << breakage.expected;
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(breakage.expected), std::string::npos)
          << error.what();
      EXPECT_NE(std::string(error.what()).find("layer"), std::string::npos) << error.what();
    }
  }
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
