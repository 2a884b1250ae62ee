#include "service/work/internal/nats_source.h"

#include <algorithm>

#include "engine/base/error.h"

namespace serdab::work::internal {
namespace {

using std::chrono::milliseconds;

/// So long a task is left to the worker whose partition it is in.
constexpr auto kLeaveToOwner = milliseconds(250);
/// Notices get lost, and what a dead worker had is given back without one.
constexpr auto kLookAnyway = milliseconds(1000);
constexpr auto kLongestWait = milliseconds(500);

}  // namespace

NatsSource::NatsSource(const NatsConnection& connection, const NatsNotices& notices,
                       const Choice& choice)
    : connection_(connection), notices_(notices), choice_(choice) {
  for (unsigned p = 0; p < kPartitions; ++p) {
    if (is_own(p)) own_.push_back(p);
    foreign_[p].looked = Clock::now();
  }
}

bool NatsSource::is_own(unsigned partition) const {
  return partition % choice_.parts == choice_.part - 1;
}

void NatsSource::subscribe() {
  std::vector<Consumers> consumers(kPartitions);
  for (unsigned p = 0; p < kPartitions; ++p) {
    for (std::size_t k = 0; k < kUrgency.size(); ++k) {
      if (choice_.only_infer && kUrgency[k] != TaskKind::kInfer) continue;
      consumers[p][k] = connection_.pull(kTaskStream, task_consumer(p, kUrgency[k]),
                                         task_subject(p, kUrgency[k]));
    }
  }
  consumers_ = std::move(consumers);
}

Nats<natsMsg> NatsSource::take() {
  if (!connection_.connected()) base::fail(base::ErrorCode::kIo, "the work queue is out of reach");
  try {
    if (consumers_.empty()) subscribe();
    // Before looking: what comes meanwhile is news.
    seen_ = notices_.counts();
    if (auto message = take_among(own_)) return message;
    const std::vector<unsigned> others = lying(seen_);
    if (auto message = take_among(others)) return message;
    found_empty(others, seen_);
    return nullptr;
  } catch (const base::Error&) {
    consumers_.clear();
    throw;
  }
}

void NatsSource::wait() const {
  milliseconds longest = kLongestWait;
  for (const Foreign& other : foreign_) {
    if (!other.lain_since) continue;
    const auto left = *other.lain_since + kLeaveToOwner - Clock::now();
    longest = std::clamp(std::chrono::ceil<milliseconds>(left), milliseconds(1), longest);
  }
  notices_.wait_beyond(seen_, longest);
}

// Tenants take turns as far as they lie in different partitions.
Nats<natsMsg> NatsSource::take_among(const std::vector<unsigned>& partitions) {
  ++turn_;
  for (std::size_t k = 0; k < kUrgency.size(); ++k) {
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      const auto& consumer = consumers_[partitions[(turn_ + i) % partitions.size()]][k];
      if (!consumer) continue;
      if (auto message = fetch_now(consumer.get())) return message;
    }
  }
  return nullptr;
}

std::vector<unsigned> NatsSource::lying(const NatsNotices::Counts& counts) {
  const auto now = Clock::now();
  std::vector<unsigned> partitions;
  for (unsigned p = 0; p < kPartitions; ++p) {
    if (is_own(p)) continue;
    Foreign& other = foreign_[p];
    if (!other.lain_since && counts[p] != other.seen) other.lain_since = now;
    if ((other.lain_since && now - *other.lain_since >= kLeaveToOwner) ||
        now - other.looked >= kLookAnyway) {
      partitions.push_back(p);
    }
  }
  return partitions;
}

void NatsSource::found_empty(const std::vector<unsigned>& partitions,
                             const NatsNotices::Counts& counts) {
  for (const unsigned p : partitions) foreign_[p] = {counts[p], std::nullopt, Clock::now()};
}

}  // namespace serdab::work::internal
