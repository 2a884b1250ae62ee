#include "service/work/internal/warm_tools.h"

#include <sys/stat.h>

#include "engine/base/error.h"
#include "service/wire/sealed_file.h"
#include "service/work/internal/names.h"

namespace serdab::work::internal {
namespace {

using base::ErrorCode;

// A file as it is now: another one under the same name has another.
struct Stamp {
  std::string text;
  std::size_t bytes = 0;
};

Stamp stamp(const std::string& path, const std::string& name) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) base::fail(ErrorCode::kIo, name + ": not on the server");
  return {std::to_string(info.st_ino) + "." + std::to_string(info.st_size) + "." +
              std::to_string(info.st_mtim.tv_sec) + "." + std::to_string(info.st_mtim.tv_nsec),
          static_cast<std::size_t>(info.st_size)};
}

// Of a file's: the seeds in it become the other half of the polynomials.
std::size_t expected_bytes(std::size_t file_bytes) { return 2 * file_bytes; }

}  // namespace

WarmTools::WarmTools(const store::Layout& layout, const RunnerLimits& limits)
    : layout_(layout), limits_(limits), models_(limits.models), keys_(limits.key_bytes) {}

WarmTools::Model WarmTools::model(const Task& task) {
  const std::string path = layout_.program(task.model, task.version);
  const std::string name = path + " " + stamp(path, model_name(task)).text;
  return models_.get(name, 1, [&]() -> WarmCache<server::Model>::Loaded {
    try {
      return {
          std::make_shared<const server::Model>(server::Model::load(path, limits_.weight_bytes)),
          1};
    } catch (const base::Error& error) {
      throw base::Error(ErrorCode::kIo, error.what());
    }
  });
}

WarmTools::Keys WarmTools::keys(const Task& task,
                                const std::shared_ptr<const server::Model>& model) {
  const std::string path = layout_.key(task.tenant, task.key);
  const Stamp now = stamp(path, kKeys);
  const std::string name = task.key + " " + std::string(model->id().begin(), model->id().end());
  return keys_.get(name, expected_bytes(now.bytes), [&]() -> WarmCache<WarmKeys>::Loaded {
    const wire::OpenedMap file = wire::map_file(wire::FileKind::kEvaluationKeys, path, kKeys);
    auto keys = std::make_shared<WarmKeys>();
    keys->model = model;
    keys->loaded.emplace(*model, wire::read_evaluation_keys(model->context(), file.payload, kKeys),
                         kKeys);
    const std::size_t bytes = keys->loaded->keys().bytes();
    return {std::move(keys), bytes};
  });
}

WarmTools::Keys WarmTools::step_tools(const Task& task) {
  const server::StepFolder folder(layout_.training_folder(task.job));
  const Stamp program = stamp(folder.step, kStepProgram), keys = stamp(folder.keys, kKeys);
  const std::string name = folder.path + " " + program.text + " " + keys.text;
  return keys_.get(name, expected_bytes(keys.bytes), [&]() -> WarmCache<WarmKeys>::Loaded {
    auto warm = std::make_shared<WarmKeys>();
    warm->tools = server::StepTools::load(folder);
    const std::size_t bytes = warm->tools->keys.keys().bytes();
    return {std::move(warm), bytes};
  });
}

void WarmTools::trim() {
  models_.trim();
  keys_.trim();
}

RunnerStatistics WarmTools::statistics() const {
  const auto models = models_.statistics();
  const auto keys = keys_.statistics();
  RunnerStatistics statistics;
  statistics.models_loaded = models.entries;
  statistics.keys_loaded = keys.entries;
  statistics.key_bytes = keys.weight;
  statistics.key_hits = keys.hits;
  statistics.key_misses = keys.misses;
  return statistics;
}

}  // namespace serdab::work::internal
