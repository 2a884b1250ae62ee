#pragma once

#include <string>

#include "networks/training/plan.h"
#include "train/learning_data.h"

namespace serdab::cli::train {

/// Files as they came out.
struct PlanBytes {
  std::size_t keys = 0;
  std::size_t data = 0;  ///< all batches
  std::size_t state = 0;
};

/// The plan for people.
std::string plan_text(const training::Task& task, const training::TrainingPlan& plan,
                      const PlanBytes& bytes);
/// The same as a JSON object.
std::string plan_json(const training::Task& task, const training::TrainingPlan& plan,
                      const PlanBytes& bytes);

/// What the data's first batch does to the polynomials' arguments, where it leaves the forecast:
/// one warning each.
std::vector<std::string> range_warnings(const training::Task& task,
                                        const training::TrainingPlan& plan,
                                        const training::Tensors& batch,
                                        const training::Tensors& weights);

}  // namespace serdab::cli::train
