#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace serdab {

/// A process that is killed with the object.
class Process {
 public:
  Process() = default;
  explicit Process(const std::vector<std::string>& arguments);
  ~Process();
  Process(Process&& other) noexcept : pid_(other.pid_) { other.pid_ = -1; }
  Process& operator=(Process&& other) noexcept;
  void signal(int number) const;
  /// Its status, as waitpid gives it.
  int wait();
  bool running();

 private:
  pid_t pid_ = -1;
};

/// A NATS server with JetStream on a port of its own, its streams in a folder that is gone with the
/// object.
class NatsServer {
 public:
  /// Whether there is such a program on this machine.
  static bool available();

  NatsServer();
  ~NatsServer();
  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  /// As after a crash of its machine: streams are kept.
  void stop();
  void start();

 private:
  std::string folder_;
  int port_ = 0;
  Process process_;
};

}  // namespace serdab
