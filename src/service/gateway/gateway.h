#pragma once

#include <memory>

#include "service/gateway/options.h"
#include "service/store/store.h"
#include "service/work/queue.h"
#include "service/work/runner.h"

namespace serdab::gateway {

/// The service over HTTP: answers as openapi.json says, keeps what it was given in a store and
/// leaves the computing to a queue. It never holds a key that could decrypt.
class Gateway {
 public:
  /// How the gateway gets its queue: made around the gateway's own listener.
  using QueueMaker = std::function<std::unique_ptr<work::Queue>(work::Listener)>;

  /// Binds its port. Throws base::Error(kIo) when that or the certificate fails,
  /// base::Error(kSecurity) for plain HTTP beyond loopback. `runner` (of an embedded worker) is
  /// asked for statistics only and may be null; store and runner must outlive the gateway.
  Gateway(store::Store& store, const QueueMaker& queue, const work::Runner* runner,
          const Options& options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  int port() const;
  /// Takes up unfinished jobs, then serves until stop(). Then nothing new is accepted, what waits
  /// for an answer gets it, jobs keep their checkpoints. One thread.
  void serve();
  /// May be called from any thread, and more than once.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace serdab::gateway
