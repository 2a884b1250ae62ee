#include "service/work/internal/task_lines.h"

#include <algorithm>

namespace serdab::work::internal {

std::size_t TaskLines::urgency(TaskKind kind) {
  switch (kind) {
    case TaskKind::kInfer:
      return 0;
    case TaskKind::kStep:
      return 1;
    case TaskKind::kChunk:
      return 2;
  }
  return 2;
}

void TaskLines::add(const Task& task) {
  auto at = std::find_if(tenants_.begin(), tenants_.end(),
                         [&](const Tenant& tenant) { return tenant.name == task.tenant; });
  if (at == tenants_.end()) at = tenants_.insert(at, {task.tenant, {}});
  at->line[urgency(task.kind)].push_back(task);
  ++size_;
  infer_size_ += task.kind == TaskKind::kInfer;
}

std::optional<Task> TaskLines::take(bool only_infer) {
  for (auto tenant = tenants_.begin(); tenant != tenants_.end(); ++tenant) {
    Line& line = tenant->line;
    const auto end = only_infer ? line.begin() + 1 : line.end();
    const auto first =
        std::find_if(line.begin(), end, [](const auto& tasks) { return !tasks.empty(); });
    if (first == end) continue;
    const Task task = std::move(first->front());
    first->pop_front();
    --size_;
    infer_size_ -= task.kind == TaskKind::kInfer;
    // To the end of the turns, or out.
    const bool more =
        std::any_of(line.begin(), line.end(), [](const auto& tasks) { return !tasks.empty(); });
    if (more) {
      tenants_.splice(tenants_.end(), tenants_, tenant);
    } else {
      tenants_.erase(tenant);
    }
    return task;
  }
  return std::nullopt;
}

void TaskLines::remove(const std::string& job) {
  for (auto tenant = tenants_.begin(); tenant != tenants_.end();) {
    bool more = false;
    for (auto& tasks : tenant->line) {
      const auto gone = [&](const Task& task) { return task.job == job; };
      for (const Task& task : tasks) {
        if (!gone(task)) continue;
        --size_;
        infer_size_ -= task.kind == TaskKind::kInfer;
      }
      tasks.erase(std::remove_if(tasks.begin(), tasks.end(), gone), tasks.end());
      more |= !tasks.empty();
    }
    tenant = more ? std::next(tenant) : tenants_.erase(tenant);
  }
}

void TaskLines::clear() {
  tenants_.clear();
  size_ = infer_size_ = 0;
}

}  // namespace serdab::work::internal
