#include "service/gateway/internal/connection.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace serdab::gateway {
namespace {

thread_local Connection* current_connection = nullptr;

// How often a wait looks whether the server is stopping.
constexpr double kSlice = 0.2;
// An answer that was sent before the request's body was read must not be lost to a reset: so much
// of the body is read and thrown away first.
constexpr double kLingerSeconds = 2;
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
// The library limits lines, not their number.
constexpr double kMostHead = 65536;

void address_text(const sockaddr_storage& address, std::string& ip, int& port) {
  char text[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
    port = ntohs(v4.sin_port);
  } else if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
    port = ntohs(v6.sin6_port);
  }
  ip = text;
}

bool ready(int socket, short events, double seconds) {
  pollfd poll{socket, events, 0};
  return ::poll(&poll, 1, static_cast<int>(seconds * 1000)) > 0;
}

}  // namespace

Connection::Connection(int socket, SSL* tls, const Patience& patience,
                       const std::atomic<bool>& stopping)
    : socket_(socket), tls_(tls), patience_(patience), stopping_(stopping) {
  ::fcntl(socket_, F_SETFL, ::fcntl(socket_, F_GETFL) | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls_ != nullptr) SSL_set_fd(tls_, socket_);
  current_connection = this;
}

Connection::~Connection() {
  current_connection = nullptr;
  if (tls_ != nullptr) {
    if (!broken_) SSL_shutdown(tls_);
    SSL_free(tls_);
  }
  linger();
  ::close(socket_);
}

Connection* Connection::current() { return current_connection; }

void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  if (!closing_ || broken_) return;
  const auto until = Clock::now() + std::chrono::duration<double>(kLingerSeconds);
  for (std::size_t dropped = 0; dropped < kLingerBytes && Clock::now() < until;) {
    if (!ready(socket_, POLLIN, kSlice)) continue;
    const ssize_t n = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) return;
    if (n > 0) dropped += static_cast<std::size_t>(n);
  }
}

double Connection::allowance() const {
  if (in_head_) return patience_.header_seconds;
  return patience_.grace_seconds + bytes_moved_ / patience_.slowest_rate;
}

bool Connection::wait(short events) {
  while (true) {
    const double left = allowance() - waited_;
    if (left <= 0) return false;
    const auto start = Clock::now();
    const bool there = ready(socket_, events, std::min(left, kSlice));
    waited_ += std::chrono::duration<double>(Clock::now() - start).count();
    if (there) return true;
  }
}

bool Connection::handshake() {
  if (tls_ == nullptr) return true;
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(tls_);
    if (result == 1) return true;
    const int error = SSL_get_error(tls_, result);
    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) break;
    if (!wait(error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT)) break;
  }
  broken_ = true;
  return false;
}

bool Connection::wait_for_request() {
  in_head_ = true;
  head_read_ = false;
  waited_ = bytes_moved_ = 0;
  if (begin_ < end_) return true;
  const auto until = Clock::now() + std::chrono::duration<double>(patience_.idle_seconds);
  while (!stopping_ && Clock::now() < until) {
    const ssize_t n = receive(buffer_.data(), buffer_.size());
    if (n > 0) {
      begin_ = 0;
      end_ = static_cast<std::size_t>(n);
      return true;
    }
    if (n == 0) return false;
    ready(socket_, wanted_, kSlice);
  }
  return false;
}

void Connection::head_done() {
  in_head_ = false;
  head_read_ = true;
  waited_ = bytes_moved_ = 0;
}

bool Connection::gone() const {
  if (broken_) return true;
  pollfd poll{socket_, POLLRDHUP, 0};
  return ::poll(&poll, 1, 0) > 0;
}

bool Connection::is_readable() const {
  return begin_ < end_ || (tls_ != nullptr && SSL_pending(tls_) > 0) || ready(socket_, POLLIN, 0);
}

bool Connection::is_writable() const { return !broken_; }

ssize_t Connection::receive(char* to, std::size_t size) {
  if (tls_ == nullptr) {
    const ssize_t n = ::recv(socket_, to, size, 0);
    if (n >= 0) return n;
    wanted_ = POLLIN;
    if (errno == EAGAIN || errno == EINTR) return -1;
    broken_ = true;
    return 0;
  }
  ERR_clear_error();
  const int n = SSL_read(tls_, to, static_cast<int>(std::min<std::size_t>(size, 1 << 30)));
  if (n > 0) return n;
  const int error = SSL_get_error(tls_, n);
  wanted_ = error == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN;
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return -1;
  broken_ |= error != SSL_ERROR_ZERO_RETURN;
  return 0;
}

ssize_t Connection::read(char* to, size_t size) {
  if (begin_ == end_) {
    if (in_head_ && bytes_moved_ > kMostHead) {
      broken_ = true;
      return -1;
    }
    // Heads are read byte by byte; bodies may go past the buffer.
    const bool direct = size >= buffer_.size();
    while (true) {
      const ssize_t n = receive(direct ? to : buffer_.data(), direct ? size : buffer_.size());
      if (n == 0) return 0;
      if (n > 0) {
        bytes_moved_ += static_cast<double>(n);
        if (direct) return n;
        begin_ = 0;
        end_ = static_cast<std::size_t>(n);
        break;
      }
      if (wait(wanted_)) continue;
      broken_ = true;
      return -1;
    }
  }
  const std::size_t count = std::min(size, end_ - begin_);
  std::memcpy(to, buffer_.data() + begin_, count);
  begin_ += count;
  return static_cast<ssize_t>(count);
}

ssize_t Connection::send_some(const char* from, std::size_t size) {
  if (tls_ == nullptr) {
    const ssize_t n = ::send(socket_, from, size, MSG_NOSIGNAL);
    if (n > 0) return n;
    wanted_ = POLLOUT;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return -1;
    return 0;
  }
  ERR_clear_error();
  const int n = SSL_write(tls_, from, static_cast<int>(std::min<std::size_t>(size, 1 << 20)));
  if (n > 0) return n;
  const int error = SSL_get_error(tls_, n);
  wanted_ = error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
  return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
}

ssize_t Connection::write(const char* from, size_t size) {
  if (broken_) return -1;
  in_head_ = false;
  std::size_t done = 0;
  while (done < size) {
    const ssize_t n = send_some(from + done, size - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
      bytes_moved_ += static_cast<double>(n);
    } else if (n == 0 || !wait(wanted_)) {
      broken_ = true;
      return -1;
    }
  }
  return static_cast<ssize_t>(size);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getpeername(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    address_text(address, ip, port);
  }
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &length) == 0) {
    address_text(address, ip, port);
  }
}

}  // namespace serdab::gateway
