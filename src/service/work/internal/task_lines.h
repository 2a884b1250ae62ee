#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>

#include "service/work/task.h"

namespace serdab::work::internal {

/// Tasks that wait, in a line for every tenant: tenants take turns, and of one tenant queries that
/// somebody waits for come before steps, steps before chunks. One thread at a time.
class TaskLines {
 public:
  void add(const Task& task);
  /// The next one, of queries alone if `only_infer`.
  std::optional<Task> take(bool only_infer);
  /// Takes out those of a job.
  void remove(const std::string& job);
  void clear();
  std::size_t size() const { return size_; }
  std::size_t infer_size() const { return infer_size_; }

 private:
  /// By urgency.
  using Line = std::array<std::deque<Task>, 3>;
  struct Tenant {
    std::string name;
    Line line;
  };
  static std::size_t urgency(TaskKind kind);

  std::list<Tenant> tenants_;  ///< whose turn it is first
  std::size_t size_ = 0, infer_size_ = 0;
};

}  // namespace serdab::work::internal
