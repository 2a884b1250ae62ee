#include "service/work/task.h"

#include <gtest/gtest.h>

#include "service/store/layout.h"
#include "service/work/internal/path_names.h"
#include "service/work/internal/task_lines.h"

namespace serdab::work {
namespace {

Task chunk_task() {
  Task task;
  task.kind = TaskKind::kChunk;
  task.tenant = "alice";
  task.job = store::new_id();
  task.chunk = 7;
  task.model = "digits";
  task.version = 3;
  task.key = std::string(64, 'b');
  return task;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

void expect_refused(const std::string& json) {
  try {
    task_from_json(json);
    FAIL() << json;
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kCorrupt) << json;
  }
}

TEST(Task, ThereAndBack) {
  const Task task = chunk_task();
  const Task back = task_from_json(to_json(task));
  EXPECT_EQ(back.id(), task.id());
  EXPECT_EQ(to_json(back), to_json(task));
  EXPECT_EQ(back.version, 3u);
  EXPECT_EQ(back.key, task.key);

  Task step = task;
  step.kind = TaskKind::kStep;
  step.step = std::uint64_t{1} << 40;
  EXPECT_EQ(task_from_json(to_json(step)).step, step.step);
  EXPECT_NE(step.id(), task.id());
}

TEST(Task, WhatIsNotOneIsRefused) {
  const Task task = chunk_task();
  const std::string json = to_json(task);
  for (const std::string text : {"", "{", "[]", "7", "null", "{}"}) expect_refused(text);
  expect_refused(json + "x");
  expect_refused(replaced(json, "\"alice\"", "\"../alice\""));
  expect_refused(replaced(json, "\"alice\"", "7"));
  expect_refused(replaced(json, "\"digits\"", "\"..\""));
  expect_refused(replaced(json, "\"digits\"", "\"a/b\""));
  expect_refused(replaced(json, task.job, task.job.substr(1)));
  expect_refused(replaced(json, task.key, std::string(63, 'b') + "B"));
  expect_refused(replaced(json, ":7", ":-7"));
  expect_refused(replaced(json, ":7", ":7.5"));
  expect_refused(replaced(json, ":7", ":4294967296"));
  expect_refused(replaced(json, "\"chunk\"", "\"chunks\""));
  expect_refused(replaced(json, "{", "{\"more\":1,"));
  expect_refused(replaced(json, "\"kind\":\"chunk\"", "\"kind\":\"other\""));
  expect_refused(std::string(5000, ' ') + json);
}

TEST(Outcome, ThereAndBack) {
  Outcome outcome;
  outcome.ending = Ending::kFailed;
  outcome.code = base::ErrorCode::kMismatch;
  outcome.error = "query: made for \xff another key";
  outcome.images = 9;
  outcome.seconds = 1.25;
  outcome.steps_done = 4;
  outcome.refresh_due = true;
  outcome.disk_full = true;
  outcome.worker = "w1";
  const Outcome back = outcome_from_json(to_json(outcome));
  EXPECT_EQ(back.ending, Ending::kFailed);
  EXPECT_EQ(back.code, base::ErrorCode::kMismatch);
  EXPECT_EQ(back.images, 9u);
  EXPECT_EQ(back.seconds, 1.25);
  EXPECT_EQ(back.steps_done, 4u);
  EXPECT_TRUE(back.refresh_due);
  EXPECT_TRUE(back.disk_full);
  EXPECT_EQ(back.worker, "w1");
  EXPECT_NE(back.error.find("made for"), std::string::npos);
  EXPECT_THROW(outcome_from_json("{\"ending\":\"done\"}"), base::Error);
}

TEST(PathNames, NoPathOfTheServerIsLeft) {
  internal::PathNames names("/data");
  names.add("/data/jobs/a/0.query", "query");
  EXPECT_EQ(names.in("/data/jobs/a/0.query: is cut"), "query: is cut");
  EXPECT_EQ(names.in("/data/jobs/a/0.query.part12: cannot be created"), "query: cannot be created");
  EXPECT_EQ(names.in("x in /data/mask.secret, and /data/jobs/a/0.query"),
            "x in a file of the server, and query");
  EXPECT_EQ(names.in("data of /dataset"), "data of /dataset");
}

TEST(TaskLines, RemovesAJob) {
  internal::TaskLines lines;
  Task first = chunk_task(), second = chunk_task();
  second.kind = TaskKind::kInfer;
  lines.add(first);
  lines.add(second);
  lines.add(first);
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines.infer_size(), 1u);
  lines.remove(first.job);
  EXPECT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines.take(true)->job, second.job);
  EXPECT_FALSE(lines.take(false).has_value());
  EXPECT_EQ(lines.size(), 0u);
}

}  // namespace
}  // namespace serdab::work
