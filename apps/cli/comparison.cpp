#include "comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "networks/graph/executor/executor.h"

namespace serdab::cli {
namespace {

constexpr std::size_t kTwoClasses = 2;

}  // namespace

void Comparison::add(const graph::Graph& graph, const datasets::Images& images,
                     const client::Answers& answers) {
  const std::vector<double> pixels(images.pixels.begin(), images.pixels.end());
  const std::vector<double> clear = graph::execute(graph, pixels).outputs;
  const std::size_t outputs = answers.outputs;
  outputs_ = outputs;
  for (std::size_t i = 0; i < answers.images; ++i) {
    const double* truth = clear.data() + i * outputs;
    const double* row = answers.row(i);
    const auto clear_label = std::max_element(truth, truth + outputs) - truth;
    const auto label = std::max_element(row, row + outputs) - row;
    for (std::size_t o = 0; o < outputs; ++o) {
      largest_error_ = std::max(largest_error_, std::abs(row[o] - truth[o]));
      largest_logit_ = std::max(largest_logit_, std::abs(truth[o]));
    }
    agree_ += label == clear_label ? 1 : 0;
    if (images.labels.empty()) continue;
    ++labelled_;
    right_ += images.labels[i] == label ? 1 : 0;
    clear_right_ += images.labels[i] == clear_label ? 1 : 0;
    if (outputs != kTwoClasses) continue;
    const std::size_t truth_class = images.labels[i] == 0 ? 0 : 1;
    ++labelled_as_[truth_class];
    right_as_[truth_class] += images.labels[i] == label ? 1 : 0;
  }
  images_ += answers.images;
}

double Comparison::precision_bits() const { return std::log2(largest_logit_ / largest_error_); }

std::string Comparison::to_text() const {
  std::string text;
  const auto share = [](std::size_t part, std::size_t whole) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(std::max<std::size_t>(1, whole));
  };
  if (labelled_ > 0) {
    text += fmt::format("accuracy, encrypted     {:.2f} % ({} of {})\n", share(right_, labelled_),
                        right_, labelled_);
    text += fmt::format("accuracy, in the clear  {:.2f} %\n", share(clear_right_, labelled_));
  }
  if (labelled_ > 0 && outputs_ == kTwoClasses) {
    const auto line = [&](const char* name, std::size_t c) {
      text += fmt::format("{:<23} {:.2f} % ({} of {})\n", name,
                          share(right_as_[c], labelled_as_[c]), right_as_[c], labelled_as_[c]);
    };
    line("sensitivity", 1);
    line("specificity", 0);
  }
  text += fmt::format("same label as in clear  {:.2f} % ({} of {})\n", share(agree_, images_),
                      agree_, images_);
  text += fmt::format("largest error           {:.2g} on outputs up to {:.3g}: {:.1f} bits\n",
                      largest_error_, largest_logit_, precision_bits());
  return text;
}

std::string Comparison::to_json() const {
  const auto share = [](std::size_t part, std::size_t whole) -> nlohmann::json {
    if (whole == 0) return nullptr;
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  nlohmann::json json = {{"images", images_},
                         {"accuracy", share(right_, labelled_)},
                         {"cleartext_accuracy", share(clear_right_, labelled_)},
                         {"agreement", share(agree_, images_)},
                         {"max_logit_error", largest_error_},
                         {"max_logit", largest_logit_},
                         {"precision_bits", precision_bits()}};
  if (outputs_ == kTwoClasses) {
    json["sensitivity"] = share(right_as_[1], labelled_as_[1]);
    json["specificity"] = share(right_as_[0], labelled_as_[0]);
  }
  return json.dump();
}

}  // namespace serdab::cli
