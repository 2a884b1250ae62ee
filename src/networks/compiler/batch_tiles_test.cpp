// Two blocks of a 3x3 convolution, a polynomial and pooling, and a dense layer, in batches: tiles
// of a few positions follow each other through all layers, so that few ciphertexts live at once.

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "networks/compiler/budget/solver.h"
#include "networks/compiler/circuit/build.h"
#include "networks/compiler/compile.h"
#include "networks/graph/executor/executor.h"
#include "networks/program/schedule.h"
#include "networks/program/split_sums.h"

namespace serdab::compiler {
namespace {

using graph::Graph;
using graph::NodeId;

constexpr std::size_t kSide = 16;

graph::Conv random_conv(std::size_t outputs, std::size_t inputs, std::mt19937& random) {
  std::uniform_real_distribution<double> uniform(-0.3, 0.3);
  graph::Conv conv{{{outputs, inputs, 3, 3}, {}}, std::vector<double>(outputs, 0.1), {}, 1};
  for (std::size_t i = 0; i < outputs * inputs * 9; ++i) {
    conv.weights.values.push_back(uniform(random));
  }
  conv.window.kernel = {3, 3};
  conv.window.pads = {1, 1, 1, 1};
  return conv;
}

Graph two_blocks() {
  std::mt19937 random(3);
  Graph g;
  graph::AveragePool pool;
  pool.window.kernel = pool.window.strides = {2, 2};
  const graph::Polynomial act{{{0.12, 0.5, 0.147, 0, -0.002}}, {}};
  NodeId x = g.add("image", graph::Input{{3, kSide, kSide}}, {});
  x = g.add("pool1", pool, {g.add("act1", act, {g.add("conv1", random_conv(8, 3, random), {x})})});
  x = g.add("pool2", pool, {g.add("act2", act, {g.add("conv2", random_conv(16, 8, random), {x})})});
  const std::size_t flat = 16 * kSide * kSide / 16;
  x = g.add("flat", graph::Reshape{{flat}}, {x});
  graph::Dense dense{{{10, flat}, {}}, {}};
  std::uniform_real_distribution<double> uniform(-0.1, 0.1);
  for (std::size_t i = 0; i < 10 * flat; ++i) dense.weights.values.push_back(uniform(random));
  g.add("fc", dense, {x});
  return g;
}

program::Program tiled_program() {
  const BuiltCircuit built = build_circuit(simplify(two_blocks()));
  return program::split_sums(emit_ideal(built.circuit).program);
}

std::size_t count_of(const program::Program& program, const std::string& layer,
                     const std::string& op) {
  std::size_t most = 0;
  for (const program::Value& value : program.values) {
    if (value.layer.find(layer) != std::string::npos && program::op_name(value.op) == op) {
      most = std::max<std::size_t>(most, value.count);
    }
  }
  return most;
}

TEST(BatchTiles, ProductsAreReducedAfterPooling) {
  const program::Program program = tiled_program();
  EXPECT_EQ(count_of(program, "pool1", "affine"), 8u * 64);
  EXPECT_EQ(count_of(program, "pool1", "relinearise"), 8u * 64);
  // The last pooling is part of the dense layer: ten values are left to reduce.
  EXPECT_EQ(count_of(program, "fc", "relinearise"), 10u);
  std::size_t relinearised = 0;
  for (const program::Value& value : program.values) {
    if (std::holds_alternative<program::Relinearise>(value.op)) relinearised += value.count;
  }
  EXPECT_EQ(relinearised, 8u * 256 + 8 * 64 + 16 * 64 + 10);
}

TEST(BatchTiles, ComputesWhatTheNetworkDoes) {
  const Graph g = two_blocks();
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(0, 1);
  constexpr std::size_t kImages = 13;
  const std::size_t elements = 3 * kSide * kSide;
  std::vector<double> images(kImages * elements);
  for (double& v : images) v = uniform(random);
  program::Bundle input(elements, kImages);
  for (std::size_t e = 0; e < elements; ++e) {
    for (std::size_t i = 0; i < kImages; ++i) input.row(e)[i] = images[i * elements + e];
  }
  const auto truth = graph::execute(g, images).outputs;
  const program::Bundle answer = program::run_reference(tiled_program(), std::move(input));
  ASSERT_EQ(answer.count, 10u);
  for (std::size_t i = 0; i < kImages; ++i) {
    for (std::size_t o = 0; o < 10; ++o) EXPECT_NEAR(answer.row(o)[i], truth[i * 10 + o], 1e-3);
  }
}

// Bytes that live between waves, by following the schedule.
struct Living {
  std::size_t most = 0;
  std::map<program::ValueId, std::size_t> most_of_value;
};

Living follow(const program::Program& program, const program::Schedule& schedule, std::size_t n) {
  Living living;
  std::map<program::ValueId, std::size_t> now;
  std::size_t bytes = 0;
  for (const program::Wave& wave : schedule.waves) {
    const program::Stage& stage = schedule.stages[wave.stage];
    for (const std::uint32_t t : wave.tiles) {
      for (const program::ValueId id : stage.stored) {
        const std::size_t made = stage.tiles[t].elements.size();
        bytes += made * program::ciphertext_bytes(program.values[id], n);
        living.most_of_value[id] = std::max(living.most_of_value[id], now[id] += made);
      }
    }
    living.most = std::max(living.most, bytes);
    for (const program::Element& e : wave.release) {
      bytes -= program::ciphertext_bytes(program.values[e.value], n);
      --now[e.value];
    }
  }
  return living;
}

TEST(BatchTiles, FewCiphertextsLiveAtOnce) {
  constexpr std::size_t kN = 1024;
  const program::Program program = tiled_program();
  const program::Schedule schedule = program::make_schedule(program);
  const Living living = follow(program, schedule, kN);
  const std::size_t peak = program::planned_peak_bytes(program, schedule, kN, 1);
  EXPECT_GE(peak, living.most);
  std::size_t temporary = 0;  // of a wave: what its tiles make first, and one element's chain
  for (const program::Value& value : program.values) {
    temporary = std::max(temporary, (64 + 4) * program::ciphertext_bytes(value, kN));
  }
  EXPECT_LE(peak, living.most + temporary);
  for (const auto& [id, most] : living.most_of_value) {
    const program::Value& value = program.values[id];
    const bool unreduced = value.parts == 3 && value.count > 10;
    // What a wave of pooled values reads: four positions each. Pooled values and the image: some
    // rows, as far as the windows reach.
    if (unreduced) {
      EXPECT_LE(most, 4u * 64) << value.layer << " " << program::op_name(value.op);
    }
    if (value.layer == "pool1" && value.parts == 2) {
      EXPECT_LE(most, 8u * 8 * 6);
    }
  }
}

TEST(BatchTiles, EveryChannelOfAPositionIsPooledTogether) {
  const program::Program program = tiled_program();
  const program::Schedule schedule = program::make_schedule(program);
  for (const program::Wave& wave : schedule.waves) {
    const program::Stage& stage = schedule.stages[wave.stage];
    const program::Value& first = program.values[stage.values.front()];
    if (first.layer != "pool1") continue;
    std::map<std::uint32_t, std::size_t> channels_at;
    for (const std::uint32_t t : wave.tiles) {
      for (const std::uint32_t e : stage.tiles[t].elements) ++channels_at[e % 64];
    }
    for (const auto& [position, channels] : channels_at) EXPECT_EQ(channels, 8u) << position;
  }
}

}  // namespace
}  // namespace serdab::compiler
