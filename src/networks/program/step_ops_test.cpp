// Programs of steps: several inputs and outputs, and the ops that mix ciphertexts.

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/base/error.h"
#include "networks/program/counts.h"
#include "networks/program/noise.h"
#include "networks/program/package.h"
#include "networks/program/reference.h"
#include "networks/program/schedule.h"
#include "networks/program/serialise.h"
#include "networks/program/split_sums.h"
#include "networks/program/testing/small_program.h"
#include "networks/program/testing/step_program.h"
#include "networks/program/verifier.h"

namespace serdab::program {
namespace {

constexpr std::uint32_t kPositions = 16;
// Sizes only: nothing here computes modulo them.
const std::vector<std::uint64_t> kPrimes = {35184371884033u, 1073738753u, 1073736193u,
                                            1073735681u,     1073733121u, 1073731073u};

Program example() {
  return testing::StepProgram(kPrimes, {70368743587841u}, kPositions)
      .calibrated(testing::step_inputs(kPositions, 2));
}

template <typename T>
ValueId first_of(const Program& p) {
  for (ValueId id = 0; id < p.values.size(); ++id) {
    if (std::holds_alternative<T>(p.values[id].op)) return id;
  }
  ADD_FAILURE();
  return 0;
}
template <typename T>
T& op_of(Program& p) {
  return std::get<T>(p.values[first_of<T>(p)].op);
}
template <typename T>
Value& value_of(Program& p) {
  return p.values[first_of<T>(p)];
}

TEST(StepVerifier, AcceptsTheExample) { EXPECT_NO_THROW(verify(example())); }

struct Breakage {
  const char* expected;
  void (*apply)(Program&);
};

TEST(StepVerifier, NamesWhatIsWrong) {
  const Breakage breakages[] = {
      {"unnamed", [](Program& p) { op_of<Input>(p).name.clear(); }},
      {"which an earlier input bears", [](Program& p) { op_of<Input>(p).name = "data"; }},
      {"output without a name", [](Program& p) { p.outputs[1].name.clear(); }},
      {"two outputs named 'loss'", [](Program& p) { p.outputs[0].name = "loss"; }},
      {"which is not there", [](Program& p) { p.outputs[0].value = 1000; }},
      {"has not 2 parts", [](Program& p) { p.outputs[0].value = first_of<Contract>(p); }},
      {"first operand's level", [](Program& p) { p.values[op_of<Contract>(p).a].level.value = 4; }},
      {"second operand's level",
       [](Program& p) { p.values[op_of<Contract>(p).b].level.value = 4; }},
      {"a product names", [](Program& p) { op_of<Contract>(p).terms[0].i = 3; }},
      {"a product names", [](Program& p) { op_of<Contract>(p).terms[0].j = 2; }},
      {"a product names", [](Program& p) { op_of<Contract>(p).terms[0].out = 3; }},
      {"no product is added", [](Program& p) { op_of<Contract>(p).terms[2].out = 0; }},
      {"fewer products", [](Program& p) { op_of<Contract>(p).terms.resize(2); }},
      {"scale is", [](Program& p) { value_of<Contract>(p).scale.value *= 2; }},
      {"number of parts", [](Program& p) { value_of<Contract>(p).parts = 2; }},
      {"number of factors", [](Program& p) { op_of<Mask>(p).factors.pop_back(); }},
      {"a factor is not finite", [](Program& p) { op_of<Mask>(p).factors[3] = 1e308 * 10; }},
      {"weight scale", [](Program& p) { op_of<Mask>(p).weight_scale.value = 0.5; }},
      {"scale is", [](Program& p) { op_of<Mask>(p).weight_scale.value *= 2; }},
      {"number of rotations", [](Program& p) { op_of<Rotate>(p).rotations.pop_back(); }},
      {"operand's count", [](Program& p) { op_of<Rotate>(p).from = 0; }},
      {"shift of a rotation", [](Program& p) { op_of<Rotate>(p).rotations[1].shift = 3; }},
      {"rotation's step", [](Program& p) { op_of<Rotate>(p).rotations[1].steps = {0}; }},
      {"number of rotations", [](Program& p) { op_of<RotatedTotal>(p).rotations.pop_back(); }},
      {"count is", [](Program& p) { value_of<RotatedTotal>(p).count = 3; }},
      {"selects element", [](Program& p) { op_of<Select>(p).elements[0] = 2; }},
      {"number of elements", [](Program& p) { op_of<Select>(p).elements.pop_back(); }},
      {"count is", [](Program& p) { value_of<Reinterpret>(p).count = 2; }},
      {"level is", [](Program& p) { value_of<Reinterpret>(p).level.value = 0; }},
      {"not above 1", [](Program& p) { value_of<Reinterpret>(p).scale.value = 0.5; }},
      {"addend's count", [](Program& p) { op_of<AddScaled>(p).addend = 1; }},
      {"not packed", [](Program& p) { p.layout = Layout::kBatch, p.positions = 1; }},
  };
  for (const Breakage& breakage : breakages) {
    Program p = example();
    breakage.apply(p);
    try {
      verify(p);
      ADD_FAILURE() << "accepted: " << breakage.expected;
    } catch (const base::Error& error) {
      EXPECT_NE(std::string(error.what()).find(breakage.expected), std::string::npos)
          << breakage.expected << " | " << error.what();
    }
  }
}

std::vector<std::uint8_t> bytes_of(const Program& p) {
  base::ByteWriter out;
  write(p, out);
  return out.take();
}

TEST(StepSerialise, RoundTrips) {
  const auto bytes = bytes_of(example());
  base::ByteReader in(bytes, "step");
  const Program back = read(in);
  in.finish();
  EXPECT_EQ(bytes_of(back), bytes);
  EXPECT_EQ(input_name(back, 1), "data");
  ASSERT_EQ(back.outputs.size(), 5u);
  EXPECT_EQ(back.outputs[2].name, "gradient");
  EXPECT_EQ(back.outputs[2].value, example().outputs[2].value);
}

TEST(StepSerialise, EveryCutIsAnError) {
  const auto bytes = bytes_of(example());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    base::ByteReader in({bytes.data(), size}, "step");
    EXPECT_THROW(read(in), base::Error) << size;
  }
}

TEST(StepSerialise, FlippedBytesNeverGiveAnUnverifiedProgram) {
  const auto good = bytes_of(example());
  std::mt19937 random(3);
  std::size_t refused = 0;
  for (int trial = 0; trial < 5000; ++trial) {
    auto bytes = good;
    bytes[random() % bytes.size()] ^= static_cast<std::uint8_t>(1u << (random() % 8));
    try {
      base::ByteReader in(bytes, "step");
      const Program p = read(in);
      verify(p);
      make_schedule(p);
      EXPECT_EQ(bytes_of(p).size(), bytes.size() - in.remaining());
    } catch (const base::Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 1000u);
}

// The form of a program without names says nothing of names, so that stored packages stay valid.
TEST(StepSerialise, AnnouncedNamesMustBeThere) {
  auto bytes = bytes_of(testing::small_program(kPrimes, {70368743587841u}));
  EXPECT_EQ(bytes[0], 0);
  bytes[0] = 2;
  for (int zeros = 0; zeros < 8; ++zeros) bytes.push_back(0);
  base::ByteReader in(bytes, "step");
  EXPECT_THROW(read(in), base::Error);
}

TEST(StepPackage, HoldsInferenceProgramsOnly) {
  Package package;
  package.parameters.q = kPrimes;
  package.program = example();
  base::ByteWriter out;
  EXPECT_THROW(write(package, out), base::Error);
  EXPECT_THROW(client_bundle(package, {}), base::Error);
  package.program = testing::small_program(kPrimes, {70368743587841u});
  EXPECT_NO_THROW(client_bundle(package, {}));
  package.program.outputs = {{"answer", 1}};
  EXPECT_THROW(client_bundle(package, {}), base::Error);
}

// A package's bytes with a step in it: its header's, then the step's.
TEST(StepPackage, IsRefusedWhenRead) {
  Package package;
  package.manifest.input_shape = {4};
  package.manifest.input_elements = {0, 1, 2, 3};
  package.parameters.log_n = 12;
  package.parameters.q = kPrimes;
  package.parameters.p = {70368743587841u};
  package.program = testing::small_program(kPrimes, package.parameters.p);
  base::ByteWriter out;
  write(package, out);
  const auto whole = out.take();
  {
    base::ByteReader in(whole, "package");
    EXPECT_NO_THROW(read_package(in));
  }
  std::vector<std::uint8_t> bytes(
      whole.begin(), whole.end() - static_cast<std::ptrdiff_t>(bytes_of(package.program).size()));
  const auto step = bytes_of(example());
  bytes.insert(bytes.end(), step.begin(), step.end());
  base::ByteReader in(bytes, "package");
  try {
    read_package(in);
    ADD_FAILURE();
  } catch (const base::Error& error) {
    EXPECT_NE(std::string(error.what()).find("several inputs or outputs"), std::string::npos)
        << error.what();
  }
}

// The step by hand, on vectors of positions.
TEST(StepReference, ComputesTheFormula) {
  Program p = example();
  const auto inputs = testing::step_inputs(kPositions, 1);
  const auto outputs = run_reference(p, inputs);
  const auto w = [&](std::size_t i, std::size_t at) {
    return inputs.at("weights").data[i * kPositions + at % kPositions];
  };
  const auto d = [&](std::size_t i, std::size_t at) {
    return inputs.at("data").data[i * kPositions + at % kPositions];
  };
  const std::vector<double>& mask = op_of<Mask>(p).factors;
  const auto masked = [&](std::size_t e, std::size_t at) {
    const double products[3] = {w(0, at) * d(0, at) + w(1, at) * d(1, at), w(2, at) * d(0, at),
                                w(0, at) * d(1, at) + w(1, at) * d(0, at)};
    return mask[at % kPositions] * products[e];
  };
  const auto total = [&](std::size_t at) {
    return masked(0, at) + masked(1, at + 1) + masked(2, at + 3);
  };
  const auto repeated = [&](std::size_t at) {
    return total(at) + total(at + 8) + total(at + 4) + total(at + 12);
  };
  const std::vector<double>& masks = std::get<Mask>(p.values[first_of<Rotate>(p) + 1].op).factors;
  const auto hidden = [&](std::size_t e, std::size_t at) {
    const std::size_t shifts[3] = {0, 2, 5};
    return masks[e * kPositions + at % kPositions] * repeated(at + shifts[e]);
  };
  const auto loss = [&](std::size_t e, std::size_t at) {
    return e == 0 ? hidden(0, at) * hidden(0, at)
                  : 2 * hidden(1, at) * hidden(2, at) + hidden(1, at) * hidden(1, at);
  };
  const auto scale = [&](const char* name) {
    for (const Output& o : p.outputs) {
      if (o.name == name) return p.values[o.value].scale.value;
    }
    return 0.0;
  };
  ASSERT_EQ(outputs.size(), 5u);
  const double s = std::exp2(30), next = scale("weights");
  const auto early = static_cast<double>(std::llround(next / scale("total")) / 8);
  EXPECT_EQ(early, 1);
  EXPECT_NEAR(next / s, 8, 0.1);
  for (std::size_t at = 0; at < kPositions; ++at) {
    EXPECT_NEAR(outputs.at("total").data[at], repeated(at), 1e-12);
    EXPECT_NEAR(outputs.at("loss").data[kPositions + at], loss(1, at), 1e-12);
    for (std::size_t e = 0; e < 3; ++e) {
      const std::size_t row = e * kPositions + at;
      EXPECT_NEAR(
          outputs.at("gradient").data[row],
          hidden(e, at) - scale("loss") / scale("gradient") * (loss(0, at + 2) + loss(1, at)),
          1e-12);
      const double updated = loss(e == 1 ? 0 : 1, at) / 8 +
                             early * scale("total") / next * repeated(at) +
                             static_cast<double>(std::llround(next / s)) * s / next * w(e, at);
      EXPECT_NEAR(outputs.at("weights").data[row], updated, 1e-12);
    }
  }
  EXPECT_EQ(outputs.at("copy").data, outputs.at("weights").data);
}

TEST(StepReference, RefusesMissingUnknownAndMisshapenInputs) {
  const Program p = example();
  const auto inputs = testing::step_inputs(kPositions, 2);
  auto missing = inputs;
  missing.erase("data");
  EXPECT_THROW(run_reference(p, missing), base::Error);
  auto unknown = inputs;
  unknown["labels"] = Bundle(kPositions, 2);
  EXPECT_THROW(run_reference(p, unknown), base::Error);
  auto other_batch = inputs;
  other_batch["data"] = Bundle(2 * kPositions, 3);
  EXPECT_THROW(run_reference(p, other_batch), base::Error);
  EXPECT_THROW(run_reference(p, Bundle(3 * kPositions, 2)), base::Error);
}

TEST(StepReference, AnUnnamedProgramGivesItsAnswerUnderNoName) {
  const Program p = testing::small_program(kPrimes, {70368743587841u});
  Bundle input(4, 3);
  for (std::size_t i = 0; i < input.data.size(); ++i) input.data[i] = std::sin(double(i));
  std::map<std::string, Bundle> inputs;
  inputs[""] = input;
  const auto outputs = run_reference(p, std::move(inputs));
  EXPECT_EQ(outputs.at("").data, run_reference(p, input).data);
}

TEST(StepCounts, AreThoseOfTheOps) {
  const OperationCounts counts = count_operations(example());
  EXPECT_EQ(counts.ciphertext_products, 5u + 4);
  EXPECT_EQ(counts.plaintext_products, 3u + 3);
  EXPECT_EQ(counts.relinearisations, 3u + 2);
  EXPECT_EQ(counts.rescales, 3u + 1 + 3 + 2);
  EXPECT_EQ(counts.hoisted_rotations, 2u);
  EXPECT_EQ(counts.lazy_rotations, 2u + 1);
  EXPECT_EQ(counts.full_rotations, 1u + 2 + 2);  // of a total, a sum and a rotation
}

TEST(StepCounts, KeysReachTheLevelsOfTheRotations) {
  const std::vector<RotationKey> keys = rotation_keys(example());
  const std::vector<RotationKey> expected = {{1, {4}}, {2, {4}}, {4, {3}}, {8, {3}}};
  EXPECT_EQ(keys, expected);
}

TEST(StepCounts, AnOutputIsDividedBeforeItsRescale) {
  Program p = example();
  const ValueId total = first_of<RotatedTotal>(p);
  EXPECT_TRUE(divided_by_rescale(p)[total]);
  p.outputs.push_back({"before", total});
  EXPECT_FALSE(divided_by_rescale(p)[total]);
}

// What the ops of a stage read of others for one of its elements, straight from their definitions.
std::set<Element> reads_of(const Program& p, const Stage& stage, const Tile& tile) {
  std::set<Element> reads;
  const auto all = [&](ValueId from) {
    for (std::uint32_t i = 0; i < p.values[from].count; ++i) reads.insert({from, i});
  };
  for (const ValueId id : stage.values) {
    const Op& op = p.values[id].op;
    for (const std::uint32_t e : tile.elements) {
      if (const auto* contract = std::get_if<Contract>(&op)) {
        for (const ProductTerm& term : contract->terms) {
          if (term.out == e) reads.insert({{contract->a, term.i}, {contract->b, term.j}});
        }
      } else if (const auto* select = std::get_if<Select>(&op)) {
        reads.insert({select->from, select->elements[e]});
      } else if (std::holds_alternative<Rotate>(op) || std::holds_alternative<RotatedTotal>(op)) {
        all(operands(op)[0]);
      } else {
        for (const ValueId from : operands(op)) {
          reads.insert({from, p.values[from].count == 1 ? 0 : e});
        }
      }
    }
  }
  for (auto at = reads.begin(); at != reads.end();) {
    const bool own =
        std::find(stage.values.begin(), stage.values.end(), at->value) != stage.values.end();
    at = own ? reads.erase(at) : std::next(at);
  }
  return reads;
}

// As for inference: nothing is read before it is made or after it is released, and only outputs are
// left.
TEST(StepSchedule, RespectsEveryDependence) {
  const Program p = example();
  for (const std::size_t wave_elements : {1u, 2u, 64u}) {
    const Schedule schedule = make_schedule(p, wave_elements);
    std::set<Element> live;
    for (const Wave& wave : schedule.waves) {
      const Stage& stage = schedule.stages[wave.stage];
      for (const std::uint32_t t : wave.tiles) {
        for (const Element& e : reads_of(p, stage, stage.tiles[t])) {
          EXPECT_TRUE(live.contains(e)) << "value " << e.value << " element " << e.index;
        }
      }
      for (const std::uint32_t t : wave.tiles) {
        for (const ValueId id : stage.stored) {
          for (const std::uint32_t i : stage.tiles[t].elements) {
            EXPECT_TRUE(live.insert({id, i}).second);
          }
        }
      }
      for (const Element& e : wave.release) EXPECT_EQ(live.erase(e), 1u);
    }
    std::set<Element> expected;
    for (const ValueId id : outputs_of(p)) {
      for (std::uint32_t i = 0; i < p.values[id].count; ++i) expected.insert({id, i});
    }
    EXPECT_EQ(live, expected);
  }
}

TEST(StepSchedule, TilesOfContractsAreElements) {
  const Program p = example();
  const Schedule schedule = make_schedule(p);
  std::size_t contracts = 0;
  for (const Stage& stage : schedule.stages) {
    const Value& first = p.values[stage.values.front()];
    const auto* contract = std::get_if<Contract>(&first.op);
    const bool is_rotate = std::holds_alternative<Rotate>(first.op);
    EXPECT_TRUE(!is_rotate || stage.tiles.size() == 1);
    if (contract == nullptr) continue;
    ++contracts;
    ASSERT_EQ(stage.tiles.size(), first.count);
    for (std::uint32_t t = 0; t < stage.tiles.size(); ++t) {
      EXPECT_EQ(stage.tiles[t].elements, std::vector<std::uint32_t>{t});
      for (const std::uint32_t k : stage.tiles[t].products) EXPECT_EQ(contract->terms[k].out, t);
    }
  }
  EXPECT_EQ(contracts, 2u);
}

TEST(StepNoise, IsThatOfRotationsAndMasks) {
  ckks_params::ParametersLiteral literal;
  literal.ring = base::RingKind::kConjugateInvariant;
  literal.log_n = 14;
  literal.q = ckks_params::choose_primes(literal.ring, 14, {45, 30, 30, 30, 30, 30});
  literal.p = ckks_params::choose_primes(literal.ring, 14, {46}, literal.q);
  const auto parameters = ckks_params::Parameters::create(literal);
  const ckks_params::NoiseModel model(parameters);
  Program p = testing::StepProgram(literal.q, literal.p, kPositions)
                  .calibrated(testing::step_inputs(kPositions, 1));
  const auto switches = [&](ValueId id) {
    const double power = model.key_switch(p.values[id].level).value;
    return std::pow(added_noise(p, id, model) / model.slot_deviation({power}, p.values[id].scale),
                    2);
  };
  EXPECT_NEAR(switches(first_of<RotatedTotal>(p)), 3, 1e-9);
  EXPECT_NEAR(switches(first_of<Rotate>(p)), 4.0 / 3, 1e-9);
  EXPECT_EQ(added_noise(p, first_of<Contract>(p), model), 0);
  EXPECT_EQ(added_noise(p, first_of<Select>(p), model), 0);
  EXPECT_EQ(added_noise(p, first_of<Reinterpret>(p), model), 0);
  EXPECT_GT(added_noise(p, 1, model), 0);  // the second input
  const ValueId mask = first_of<Mask>(p);
  const double before = added_noise(p, mask, model);
  EXPECT_GT(before, 0);
  p.values[op_of<Mask>(p).from].calibrated *= 2;
  EXPECT_NEAR(added_noise(p, mask, model), 2 * before, 1e-9 * before);

  const auto inputs = testing::step_inputs(kPositions, 1);
  const auto clear = run_reference(p, inputs);
  const auto noisy = run_reference(p, inputs, noise_observer(p, model, 5));
  const auto again = run_reference(p, inputs, noise_observer(p, model, 5));
  for (const auto& [name, bundle] : clear) {
    EXPECT_EQ(noisy.at(name).data, again.at(name).data);
    EXPECT_NE(noisy.at(name).data, bundle.data);
  }
}

TEST(StepSplitSums, RenamesOutputs) {
  const Program p = example();
  EXPECT_EQ(bytes_of(split_sums(p, 1)), bytes_of(p));
}

}  // namespace
}  // namespace serdab::program
