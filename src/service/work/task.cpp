#include "service/work/task.h"

#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>

#include "service/store/layout.h"

namespace serdab::work {
namespace {

using base::ErrorCode;
using nlohmann::json;

constexpr std::size_t kMostTaskBytes = 4096;
constexpr std::size_t kMostOutcomeBytes = std::size_t{64} << 10;

constexpr std::array<std::string_view, 3> kKinds{"infer", "chunk", "step"};
constexpr std::array<std::string_view, 3> kEndings{"done", "failed", "cancelled"};
constexpr std::array<std::string_view, 8> kCodes{
    "invalid_argument", "mismatch", "corrupt", "unsupported",
    "security",         "limit",    "io",      "interrupted"};

// Takes an object apart, field by field; what is left over or of another type is refused.
class Fields {
 public:
  Fields(const std::string& text, const char* what, std::size_t most) : what_(what) {
    if (text.size() > most) corrupt("is longer than " + std::to_string(most) + " bytes");
    object_ = json::parse(text, nullptr, false);
    if (!object_.is_object()) corrupt("is not a JSON object");
  }

  std::string text(const char* name) {
    const json value = take(name);
    if (!value.is_string()) corrupt(std::string("has no text as '") + name + "'");
    return value.get<std::string>();
  }

  template <typename T>
  T number(const char* name) {
    const json value = take(name);
    if (!value.is_number_unsigned() ||
        value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<T>::max()}) {
      corrupt(std::string("has no number of its range as '") + name + "'");
    }
    return static_cast<T>(value.get<std::uint64_t>());
  }

  double seconds(const char* name) {
    const json value = take(name);
    if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
      corrupt(std::string("has no seconds as '") + name + "'");
    }
    return value.get<double>();
  }

  bool truth(const char* name) {
    const json value = take(name);
    if (!value.is_boolean()) corrupt(std::string("has neither true nor false as '") + name + "'");
    return value.get<bool>();
  }

  template <typename Enum, std::size_t N>
  Enum one_of(const char* name, const std::array<std::string_view, N>& words) {
    const std::string word = text(name);
    for (std::size_t i = 0; i < N; ++i) {
      if (words[i] == word) return static_cast<Enum>(i);
    }
    corrupt(std::string("has an unknown '") + name + "'");
  }

  void finish() const {
    if (!object_.empty()) corrupt("has a field too many, '" + object_.begin().key() + "'");
  }

  [[noreturn]] void corrupt(const std::string& reason) const {
    base::fail(ErrorCode::kCorrupt, what_ + ": " + reason);
  }

 private:
  json take(const char* name) {
    const auto at = object_.find(name);
    if (at == object_.end()) corrupt(std::string("lacks '") + name + "'");
    json value = std::move(*at);
    object_.erase(at);
    return value;
  }

  std::string what_;
  json object_;
};

template <typename Enum, std::size_t N>
std::string word(const std::array<std::string_view, N>& words, Enum value) {
  return std::string(words[static_cast<std::size_t>(value)]);
}

}  // namespace

std::string Task::id() const {
  return word(kKinds, kind) + "-" + job + "-" +
         std::to_string(kind == TaskKind::kStep ? step : chunk);
}

void check(const Task& task) {
  store::check_name("tenant", task.tenant);
  store::check_id(task.job);
  if (task.kind == TaskKind::kStep) return;
  store::check_name("model", task.model);
  store::check_digest(task.key);
}

std::string to_json(const Task& task) {
  json object{{"kind", word(kKinds, task.kind)}, {"tenant", task.tenant}, {"job", task.job}};
  if (task.kind == TaskKind::kStep) {
    object["step"] = task.step;
  } else {
    object["chunk"] = task.chunk;
    object["model"] = task.model;
    object["version"] = task.version;
    object["key"] = task.key;
  }
  return object.dump();
}

Task task_from_json(const std::string& text) {
  Fields fields(text, "task", kMostTaskBytes);
  Task task;
  task.kind = fields.one_of<TaskKind>("kind", kKinds);
  task.tenant = fields.text("tenant");
  task.job = fields.text("job");
  if (task.kind == TaskKind::kStep) {
    task.step = fields.number<std::uint64_t>("step");
  } else {
    task.chunk = fields.number<std::uint32_t>("chunk");
    task.model = fields.text("model");
    task.version = fields.number<std::uint32_t>("version");
    task.key = fields.text("key");
  }
  fields.finish();
  try {
    check(task);
  } catch (const base::Error& error) {
    fields.corrupt(error.what());
  }
  return task;
}

std::string to_json(const Outcome& outcome) {
  const json object{{"ending", word(kEndings, outcome.ending)},
                    {"code", word(kCodes, outcome.code)},
                    {"error", outcome.error},
                    {"images", outcome.images},
                    {"seconds", outcome.seconds},
                    {"load_seconds", outcome.load_seconds},
                    {"steps_done", outcome.steps_done},
                    {"refresh_due", outcome.refresh_due},
                    {"disk_full", outcome.disk_full},
                    {"worker", outcome.worker}};
  // Errors may quote bytes that are no UTF-8.
  return object.dump(-1, ' ', false, json::error_handler_t::replace);
}

Outcome outcome_from_json(const std::string& text) {
  Fields fields(text, "outcome", kMostOutcomeBytes);
  Outcome outcome;
  outcome.ending = fields.one_of<Ending>("ending", kEndings);
  outcome.code = fields.one_of<ErrorCode>("code", kCodes);
  outcome.error = fields.text("error");
  outcome.images = fields.number<std::uint32_t>("images");
  outcome.seconds = fields.seconds("seconds");
  outcome.load_seconds = fields.seconds("load_seconds");
  outcome.steps_done = fields.number<std::uint64_t>("steps_done");
  outcome.refresh_due = fields.truth("refresh_due");
  outcome.disk_full = fields.truth("disk_full");
  outcome.worker = fields.text("worker");
  fields.finish();
  return outcome;
}

}  // namespace serdab::work
