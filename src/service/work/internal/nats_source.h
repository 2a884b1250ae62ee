#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <vector>

#include "service/work/internal/nats_notices.h"
#include "service/work/internal/nats_streams.h"

namespace serdab::work::internal {

/// Where a thread of a worker takes its tasks from: its own partitions while there are any, those
/// of others once they have lain for a while. Of the partitions looked at, the most urgent first.
/// One thread.
class NatsSource {
 public:
  struct Choice {
    unsigned part = 1, parts = 1;  ///< own partitions: number part − 1, and every parts-th after it
    bool only_infer = false;
  };
  NatsSource(const NatsConnection& connection, const NatsNotices& notices, const Choice& choice);

  /// The next message, or none for now. Throws base::Error(kIo); then it begins anew.
  Nats<natsMsg> take();
  /// After take() gave none: until it is worth while to ask again.
  void wait() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Consumers = std::array<Nats<natsSubscription>, kUrgency.size()>;
  struct Foreign {
    std::uint64_t seen = 0;                       ///< of the notices
    std::optional<Clock::time_point> lain_since;  ///< something may lie there
    Clock::time_point looked;                     ///< whatever the notices say
  };

  bool is_own(unsigned partition) const;
  void subscribe();
  Nats<natsMsg> take_among(const std::vector<unsigned>& partitions);
  std::vector<unsigned> lying(const NatsNotices::Counts& counts);
  void found_empty(const std::vector<unsigned>& partitions, const NatsNotices::Counts& counts);

  const NatsConnection& connection_;
  const NatsNotices& notices_;
  const Choice choice_;
  std::vector<Consumers> consumers_;  ///< by partition; empty before they are subscribed
  std::vector<unsigned> own_;
  std::array<Foreign, kPartitions> foreign_{};
  NatsNotices::Counts seen_{};
  std::size_t turn_ = 0;
};

}  // namespace serdab::work::internal
