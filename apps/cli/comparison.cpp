#include "comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "networks/graph/executor/executor.h"

namespace serdab::cli {
namespace {

constexpr std::size_t kTwoClasses = 2;

std::size_t class_of(std::uint32_t label) { return label == 0 ? 0 : 1; }

std::vector<double> outputs_of(const graph::Graph& graph, const datasets::Images& images) {
  const std::vector<double> pixels(images.pixels.begin(), images.pixels.end());
  return graph::execute(graph, pixels).outputs;
}

std::vector<std::uint32_t> labels_of(const std::vector<double>& outputs, std::size_t images) {
  return client::labels({images, outputs.size() / images, outputs});
}

}  // namespace

void Comparison::add(const graph::Graph& graph, const datasets::Images& images,
                     const client::Answers& answers) {
  const std::vector<double> clear = outputs_of(graph, images);
  const std::vector<std::uint32_t> found = client::labels(answers);
  const std::vector<std::uint32_t> expected = labels_of(clear, answers.images);
  count_clear(clear, images);
  for (std::size_t i = 0; i < clear.size(); ++i) {
    largest_error_ = std::max(largest_error_, std::abs(answers.values[i] - clear[i]));
    largest_logit_ = std::max(largest_logit_, std::abs(clear[i]));
  }
  for (std::size_t i = 0; i < found.size(); ++i) {
    agree_ += found[i] == expected[i] ? 1 : 0;
    if (images.labels.empty()) continue;
    const bool right = std::cmp_equal(images.labels[i], found[i]);
    right_ += right ? 1 : 0;
    if (outputs_ == kTwoClasses) right_as_[class_of(images.labels[i])] += right ? 1 : 0;
  }
}

void Comparison::add_lost(const graph::Graph& graph, const datasets::Images& images) {
  count_clear(outputs_of(graph, images), images);
  lost_ += images.count();
}

void Comparison::count_clear(const std::vector<double>& clear, const datasets::Images& images) {
  outputs_ = clear.size() / images.count();
  images_ += images.count();
  if (images.labels.empty()) return;
  const std::vector<std::uint32_t> expected = labels_of(clear, images.count());
  labelled_ += images.count();
  for (std::size_t i = 0; i < images.count(); ++i) {
    clear_right_ += std::cmp_equal(images.labels[i], expected[i]) ? 1 : 0;
    if (outputs_ == kTwoClasses) ++labelled_as_[class_of(images.labels[i])];
  }
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
  if (lost_ > 0) {
    text += fmt::format("answers lost            {} of {}: {}\n", lost_, images_,
                        "their query held an image too unlike the calibration's (--calibrate, "
                        "--guard); counted as wrong");
  }
  if (lost_ == images_) return text;
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
                         {"lost", lost_},
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
