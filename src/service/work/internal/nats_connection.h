#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "service/work/nats_options.h"

namespace serdab::work::internal {

/// Frees what the C library made.
struct NatsDelete {
  void operator()(natsConnection* p) const { natsConnection_Destroy(p); }
  void operator()(natsOptions* p) const { natsOptions_Destroy(p); }
  void operator()(natsSubscription* p) const { natsSubscription_Destroy(p); }
  void operator()(natsMsg* p) const { natsMsg_Destroy(p); }
  void operator()(jsCtx* p) const { jsCtx_Destroy(p); }
  void operator()(jsStreamInfo* p) const { jsStreamInfo_Destroy(p); }
  void operator()(jsConsumerInfo* p) const { jsConsumerInfo_Destroy(p); }
  void operator()(jsPubAck* p) const { jsPubAck_Destroy(p); }
  void operator()(jsMsgMetaData* p) const { jsMsgMetaData_Destroy(p); }
};
template <typename T>
using Nats = std::unique_ptr<T, NatsDelete>;

/// Throws base::Error(kIo), saying what was tried and what the library says, unless it is NATS_OK.
void check_nats(natsStatus status, const std::string& what);

std::string_view text_of(const natsMsg* message);

/// A connection that comes up by itself and, when it breaks, again and again. Thread safe; what is
/// subscribed belongs to one thread.
class NatsConnection {
 public:
  /// Returns at once, connected or not. Throws base::Error for options that cannot be.
  explicit NatsConnection(const NatsOptions& options);

  bool connected() const;
  jsCtx* stream_context() const { return context_.get(); }

  /// To whoever listens now; lost without a connection.
  void tell(const std::string& subject, const std::string& text) const noexcept;
  /// Waits a little until all that was told or acknowledged has left this process.
  void flush() const noexcept;
  /// A subscription to what is told, read by natsSubscription_NextMsg.
  Nats<natsSubscription> listen(const std::string& subject) const;

  /// Leaves a message in a stream: it is on the server's disk when this returns. The same `id`
  /// again within minutes is the same message. Throws base::Error: kLimit when the stream is full,
  /// else kIo.
  void store(const std::string& subject, const std::string& text, const std::string& id) const;
  /// One message of a durable consumer that is there now, or none. It is this process's until
  /// reply() settles it, or its consumer's time is over. Throws base::Error(kIo) when the consumer
  /// cannot be reached. Thread safe: one request, one answer.
  Nats<natsMsg> next(const std::string& stream, const std::string& consumer) const;
  /// What a durable consumer has, looked at without taking any of it.
  struct Lying {
    std::uint64_t waiting = 0;    ///< messages that nobody was given yet
    std::uint64_t unsettled = 0;  ///< given to somebody and not settled, or given back
    std::uint64_t delivered = 0;  ///< how often any was given, since the consumer was made
  };
  /// Throws base::Error(kIo) when the consumer cannot be reached.
  Lying lying(const std::string& stream, const std::string& consumer) const;
  enum class Reply { kDone, kAgain, kNever, kInProgress };
  void reply(const natsMsg* message, Reply reply) const noexcept;

  /// Messages of a stream's durable consumer, fetched by fetch_soon.
  Nats<natsSubscription> pull(const std::string& stream, const std::string& consumer,
                              const std::string& subject) const;

 private:
  Nats<natsConnection> connection_;
  Nats<jsCtx> context_;
};

/// How often a message of next() was given to somebody, this time included.
std::uint64_t deliveries(const natsMsg* message);

/// Messages, as soon as there are some; none after `seconds`.
std::vector<Nats<natsMsg>> fetch_soon(natsSubscription* subscription, int most, double seconds);

}  // namespace serdab::work::internal
