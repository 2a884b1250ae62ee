#pragma once

#include <openssl/ssl.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>

// The packaged library is built with TLS: its classes look different without.
#define CPPHTTPLIB_OPENSSL_SUPPORT
#include <httplib.h>

namespace serdab::gateway {

/// How long a connection may keep the server waiting.
struct Patience {
  double header_seconds = 10;
  double idle_seconds = 30;
  double grace_seconds = 20;
  double slowest_rate = 16384;
};

/// One client's connection, plain or TLS. What counts is the time that the client is waited for: a
/// head has header_seconds in all, a body or an answer grace_seconds and a second for every
/// slowest_rate bytes. Whoever is slower, in whatever pieces, is cut off. Belongs to one thread.
class Connection final : public httplib::Stream {
 public:
  /// Takes the socket over; `tls` may be null.
  Connection(int socket, SSL* tls, const Patience& patience, const std::atomic<bool>& stopping);
  ~Connection() override;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Of the thread that calls; null outside a request.
  static Connection* current();

  bool handshake();
  /// Until the first byte of the next request; false if none comes, or the server stops.
  bool wait_for_request();
  /// The head has been read: from here the patience of bodies holds.
  void head_done();
  /// Whether that happened since wait_for_request(): else it was malformed or cut, and what follows
  /// it makes no sense.
  bool head_read() const { return head_read_; }
  /// The request's body was not read: no other request can follow.
  void close_after_response() { closing_ = true; }
  bool closing() const { return closing_; }
  /// Whether the client has closed its side meanwhile.
  bool gone() const;
  bool stopping() const { return stopping_; }

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  using httplib::Stream::write;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return socket_; }

 private:
  using Clock = std::chrono::steady_clock;

  ssize_t receive(char* to, std::size_t size);  ///< -1: nothing there yet
  ssize_t send_some(const char* from, std::size_t size);
  bool wait(short events);  ///< within what is left of the patience
  double allowance() const;
  void linger();

  int socket_;
  SSL* tls_;
  const Patience& patience_;
  const std::atomic<bool>& stopping_;
  short wanted_ = 0;
  bool in_head_ = true;
  bool head_read_ = false;
  bool closing_ = false;
  bool broken_ = false;
  double waited_ = 0;       ///< for the client, in this request
  double bytes_moved_ = 0;  ///< in this request, either way
  std::array<char, 16384> buffer_;
  std::size_t begin_ = 0, end_ = 0;
};

}  // namespace serdab::gateway
