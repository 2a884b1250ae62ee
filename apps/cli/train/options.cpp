#include "train/options.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>

#include "engine/base/error.h"
#include "networks/compiler/fit/fit.h"

namespace serdab::cli::train {
namespace {

constexpr unsigned kDyadicBits = 16;

[[noreturn]] void refuse(const std::string& option, const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument, option + ": " + what);
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts{""};
  for (const char c : text) {
    if (c == at) {
      parts.emplace_back();
    } else if (c != ' ') {
      parts.back() += c;
    }
  }
  return parts;
}

double parse_number(const std::string& text, const std::string& option) {
  std::size_t used = 0;
  double value = 0;
  try {
    value = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == 0 || used != text.size() || !std::isfinite(value)) {
    refuse(option, "'" + text + "' is not a number");
  }
  return value;
}

std::uint64_t parse_whole(const std::string& text, const std::string& option) {
  const double value = parse_number(text, option);
  if (value < 0 || value > 1e9 || value != std::floor(value)) {
    refuse(option, "'" + text + "' is not a whole number");
  }
  return static_cast<std::uint64_t>(value);
}

std::vector<std::size_t> parse_hidden(const std::string& text) {
  if (text == "none" || text == "0") return {};
  std::vector<std::size_t> widths;
  for (const std::string& part : split(text, ',')) {
    widths.push_back(parse_whole(part, "--hidden"));
    if (widths.back() == 0) refuse("--hidden", "a layer of 0 units; give 'none' for no layer");
  }
  return widths;
}

training::Packing parse_packing(const std::string& text) {
  if (text == "p2") return training::Packing::kP2;
  return text == "p3" ? training::Packing::kP3 : training::Packing::kAuto;
}

program::Refresh parse_refresh(const std::string& text) {
  if (text == "bootstrap") {
    base::fail(base::ErrorCode::kUnsupported,
               "--refresh bootstrap: a server that renews its ciphertexts alone is not built yet; "
               "use --refresh client where the key holder may see the model, else --refresh "
               "blinded");
  }
  return text == "blinded" ? program::Refresh::kBlinded : program::Refresh::kClient;
}

// softmax(z)_k where the other logits are 0, fitted on [−range, range].
std::vector<double> softmax_polynomial(const TrainOptions& options, std::size_t classes) {
  const double shift = std::log(static_cast<double>(classes) - 1);
  const auto softmax = [&](double z) { return 1 / (1 + std::exp(shift - z)); };
  auto fit = compiler::fit_polynomial(softmax, options.softmax_degree,
                                      {-options.softmax_range, options.softmax_range},
                                      compiler::FitMethod::kLeastSquares);
  return fit.coefficients;
}

}  // namespace

std::vector<double> parse_numbers(const std::string& text, const std::string& option) {
  std::vector<double> numbers;
  for (const std::string& part : split(text, ',')) numbers.push_back(parse_number(part, option));
  return numbers;
}

training::Dyadic parse_dyadic(const std::string& text, const std::string& option) {
  const auto parts = split(text, '/');
  const double value = parts.size() == 2
                           ? parse_number(parts[0], option) / parse_number(parts[1], option)
                           : parse_number(text, option);
  const training::Dyadic nearest =
      std::isfinite(value) ? training::nearest_dyadic(value, kDyadicBits) : training::Dyadic{};
  if (!std::isfinite(value) || nearest.value() != value) {
    const training::Dyadic near = training::nearest_dyadic(std::isfinite(value) ? value : 0, 4);
    refuse(option, "'" + text +
                       "' is no fraction over a power of two, which costs nothing under "
                       "encryption; near it lies " +
                       dyadic_text(near));
  }
  return nearest;
}

std::string dyadic_text(const training::Dyadic& value) {
  return value.shift == 0 ? std::to_string(value.numerator)
                          : fmt::format("{}/{}", value.numerator, std::uint64_t{1} << value.shift);
}

std::vector<training::RateChange> parse_schedule(const std::string& text) {
  std::vector<training::RateChange> schedule;
  for (const std::string& part : split(text, ',')) {
    const auto sides = split(part, ':');
    if (sides.size() != 2) refuse("--schedule", "'" + part + "' is not STEP:SHARE, as in 50:1/2");
    schedule.push_back({parse_whole(sides[0], "--schedule"), parse_dyadic(sides[1], "--schedule")});
    const auto& last = schedule.back();
    if (last.factor.value() <= 0 || last.factor.value() > 1) {
      refuse("--schedule", "the share '" + sides[1] + "' of --rate is not within 0 and 1");
    }
    const bool first = schedule.size() == 1;
    if (first ? last.first != 0 : last.first <= schedule[schedule.size() - 2].first) {
      refuse("--schedule", "its steps must begin with 0 and ascend");
    }
  }
  return schedule;
}

training::Task make_task(const TrainOptions& options, const TaskShape& shape) {
  training::Task task;
  task.refresh = parse_refresh(options.refresh);
  task.name = std::filesystem::path(options.data).stem().string();
  task.network.widths = {shape.features};
  for (const std::size_t width : parse_hidden(options.hidden)) {
    task.network.widths.push_back(width);
    task.network.activations.push_back(parse_numbers(options.activation, "--activation"));
    const std::size_t terms = task.network.activations.back().size();
    if (terms < 3 || terms > 4) {
      refuse("--activation", "'" + options.activation +
                                 "' must be 3 or 4 numbers: constant, x, x^2 and perhaps x^3");
    }
  }
  task.network.widths.push_back(shape.classes);
  if (options.loss == "softmax") {
    task.network.loss = training::Loss::kCrossEntropy;
    task.network.output_polynomial = softmax_polynomial(options, shape.classes);
  }
  task.network.weighted_samples = options.class_weights;
  task.optimiser.rate = options.rate;
  task.optimiser.decay = options.decay;
  task.optimiser.momentum = parse_dyadic(options.momentum, "--momentum");
  task.schedule = parse_schedule(options.schedule);
  task.batch = shape.samples;
  task.batches = shape.batches;
  task.steps = options.steps;
  task.initial_deviation = options.deviation;
  task.packing = parse_packing(options.packing);
  task.precision_bits = options.precision;
  return task;
}

datasets::ScalingMethod scaling_method(const TrainOptions& options) {
  return options.scaling == "standard" ? datasets::ScalingMethod::kStandard
                                       : datasets::ScalingMethod::kMinMax;
}

const char* packing_name(training::Packing packing) {
  if (packing == training::Packing::kP2) return "p2";
  return packing == training::Packing::kP3 ? "p3" : "auto";
}

const char* loss_name(training::Loss loss) {
  return loss == training::Loss::kCrossEntropy ? "softmax" : "mse";
}

void add_train_options(CLI::App* verb, TrainOptions& options) {
  verb->add_option("--data", options.data, "Table to learn from: a CSV file with a header")
      ->required();
  verb->add_option("--label", options.label,
                   "Column that is to be predicted: its name, 'last', or its number from 1 on")
      ->required();
  verb->add_option("--hidden", options.hidden,
                   "Units of each hidden layer, as in 7 or 16,8; 'none': logistic regression");
  verb->add_option("--steps", options.steps, "Steps of training planned")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1'000'000}));
  verb->add_option("--rate", options.rate,
                   "Learning rate: how far a step goes. Lower it when training diverges");
  verb->add_option("--momentum", options.momentum,
                   "Share of a step that the next one repeats (Nesterov): a fraction over a power "
                   "of two; 0: none");
  verb->add_option("--schedule", options.schedule,
                   "Shares of --rate from certain steps on, as in 0:1,50:1/2");
  verb->add_option("--decay", options.decay, "Weight decay: pulls weights towards 0")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--batch", options.batch, "Rows of a step; 0: all of them");
  verb->add_option("--init-deviation", options.deviation,
                   "Standard deviation of the random first weights")
      ->check(CLI::NonNegativeNumber);
  verb->add_option("--activation", options.activation,
                   "Coefficients of the hidden layers' polynomial: constant, x, x^2, perhaps x^3");
  verb->add_option("--loss", options.loss,
                   "mse: squared error; softmax: cross-entropy with a polynomial for softmax")
      ->check(CLI::IsMember({"mse", "softmax"}));
  verb->add_option("--softmax-range", options.softmax_range,
                   "With --loss softmax: outputs within ± this are approximated well")
      ->check(CLI::Range(0.5, 64.0));
  verb->add_option("--softmax-degree", options.softmax_degree,
                   "Degree of that polynomial, 1 or 3; 3 is closer inside and explodes outside")
      ->check(CLI::IsMember({1, 3}));
  verb->add_option("--scaling", options.scaling,
                   "min-max: every column to -1 … 1; standard: to mean 0 and deviation 1")
      ->check(CLI::IsMember({"min-max", "standard"}));
  verb->add_flag("--class-weights", options.class_weights,
                 "Rows of rare classes count more; the server does not see which");
  verb->add_option("--packing", options.packing,
                   "How numbers stand in a ciphertext; auto: the cheaper for these sizes")
      ->check(CLI::IsMember({"auto", "p2", "p3"}));
  verb->add_option("--refresh", options.refresh,
                   "How spent weights are renewed. client: the key holder sees them; blinded: it "
                   "sees only noise; bootstrap: not built yet")
      ->check(CLI::IsMember({"client", "blinded", "bootstrap"}));
  verb->add_option(
          "--precision", options.precision,
          "Bits to which every step's weights must agree with a step in the clear; 30 where "
          "the model is to be exported for others")
      ->check(CLI::Range(8.0, 40.0));
  verb->add_option("--seed", options.seed, "Of first weights, folds and batches");
}

}  // namespace serdab::cli::train
