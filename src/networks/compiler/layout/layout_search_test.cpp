#include "networks/compiler/layout/layout_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>

#include "engine/base/error.h"
#include "networks/compiler/compile.h"
#include "networks/graph/onnx/import.h"

namespace serdab::compiler {
namespace {

ArithmeticNetwork network_of(const std::string& model) {
  return simplify(graph::import_onnx(std::filesystem::path(SERDAB_SOURCE_DIR) / "models" / model /
                                     "model.onnx"));
}

std::optional<LayoutPlan> search(const ArithmeticNetwork& network, std::uint32_t positions,
                                 unsigned log_n) {
  return search_layouts(network, {positions, log_n}, ckks_params::builtin_profile());
}

std::size_t diagonals(const ArithmeticNetwork& network, const LayoutPlan& plan, std::size_t step) {
  const auto& affine = std::get<Affine>(network.steps[step].op);
  std::size_t count = 0;
  for (const Affine::Term& term : affine.terms) {
    count += packing::slot_transform(term.map, plan.layouts[term.from], plan.affines[step].form,
                                     plan.affines[step].order)
                 .diagonals.size();
  }
  return count;
}

TEST(LayoutSearch, EveryValueHasAPlaceAndTheAnswerIsEverywhere) {
  for (const char* model : {"digits", "mnist-paper", "mnist-best"}) {
    const ArithmeticNetwork network = network_of(model);
    const auto plan = search(network, 8192, 13);
    ASSERT_TRUE(plan) << model;
    ASSERT_EQ(plan->layouts.size(), network.value_count());
    for (ValueId value = 0; value < network.value_count(); ++value) {
      EXPECT_EQ(plan->layouts[value].elements(), network.size(value)) << model << value;
    }
    const packing::OutputForm& last = plan->affines[network.steps.size() - 1].form;
    EXPECT_TRUE(last.cyclic()) << model;
    EXPECT_EQ(last.result().of(0).size() * last.group_stride, 8192u) << model;
  }
}

TEST(LayoutSearch, ReachesKnownCountsForMnistPaper) {
  const ArithmeticNetwork network = network_of("mnist-paper");
  const auto plan = search(network, 8192, 13);
  ASSERT_TRUE(plan);
  EXPECT_LE(diagonals(network, *plan, 0), 32u);   // a tap each
  EXPECT_LE(diagonals(network, *plan, 2), 128u);  // 605 x 800 in eight partial sums
  EXPECT_LE(diagonals(network, *plan, 4), 16u);
}

TEST(LayoutSearch, NoPartialSumsBeforeAFourthPower) {
  const ArithmeticNetwork network = network_of("mnist-paper");
  const auto plan = search(network, 8192, 13);
  for (const std::size_t step : {0, 2}) {
    const packing::OutputForm& form = plan->affines[step].form;
    EXPECT_TRUE(form.groups == 1 || form.cyclic()) << step;
  }
}

TEST(LayoutSearch, SmallCiphertextsHoldANetworkTogether) {
  const ArithmeticNetwork network = network_of("digits");
  const auto plan = search(network, 64, 13);
  ASSERT_TRUE(plan);
  std::size_t most = 0;
  for (const auto& layout : plan->layouts) most = std::max<std::size_t>(most, layout.ciphertexts);
  EXPECT_GT(most, 1u);
  EXPECT_FALSE(search(network, 8, 13));  // ten answers do not fit eight positions
}

// No sums whose remains would go back to the client, and rotations both ways within an image.
TEST(LayoutSearch, ImagesSideBySideNeedNoPartialSums) {
  for (const char* model : {"digits", "mnist-paper"}) {
    const ArithmeticNetwork network = network_of(model);
    const auto plan = search_layouts(network, {1024, 13, 8}, ckks_params::builtin_profile());
    ASSERT_TRUE(plan) << model;
    EXPECT_EQ(plan->images, 8u);
    for (std::size_t s = 0; s < network.steps.size(); ++s) {
      if (!std::holds_alternative<Affine>(network.steps[s].op)) continue;
      EXPECT_EQ(plan->affines[s].form.groups, 1u) << model << s;
      EXPECT_EQ(plan->affines[s].order.images, 8u) << model << s;
    }
  }
}

// As docs/notes/packed-layouts.md says: 64 images, channels four and sixteen to a ciphertext after
// the strides.
TEST(LongLayoutSearch, ChannelsOfResNet20FoldIntoTheGapsOfItsStrides) {
  const ArithmeticNetwork network = network_of("resnet20");
  const auto plan = search_layouts(network, {1024, 16, 64}, ckks_params::builtin_profile());
  ASSERT_TRUE(plan);
  std::map<std::size_t, std::size_t> most;  // diagonals of a layer between so many ciphertexts
  for (std::size_t s = 1; s + 1 < network.steps.size(); ++s) {
    if (!std::holds_alternative<Affine>(network.steps[s].op)) continue;
    const std::size_t ciphertexts = plan->layouts[s + 1].ciphertexts;
    if (network.size(s) != network.size(s + 1)) continue;
    most[ciphertexts] = std::max(most[ciphertexts], diagonals(network, *plan, s));
  }
  const std::map<std::size_t, std::size_t> with_shortcuts = {
      {16, 2304 + 16}, {8, 3136 + 512}, {4, 3600 + 800}};
  EXPECT_EQ(most, with_shortcuts);
}

TEST(LayoutSearch, IsDeterministic) {
  const ArithmeticNetwork network = network_of("digits");
  const auto a = search(network, 4096, 13), b = search(network, 4096, 13);
  EXPECT_EQ(a->layouts, b->layouts);
  EXPECT_EQ(a->lines, b->lines);
}

TEST(LayoutSearch, ANetworkThatBeginsWithAPolynomialIsRefused) {
  ArithmeticNetwork network;
  network.input_shape = {4};
  network.steps.push_back({Polynomial{0, {{0, 0, 1}}, {}}, {4}, {"square"}});
  EXPECT_THROW(search(network, 64, 12), base::Error);
}

}  // namespace
}  // namespace serdab::compiler
