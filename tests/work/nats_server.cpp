#include "nats_server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

namespace serdab {
namespace {

constexpr const char* kProgram = "nats-server";

int open_socket() { return ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); }

sockaddr_in local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

int free_port() {
  const int fd = open_socket();
  sockaddr_in address = local(0);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("no free port");
  }
  ::close(fd);
  return ntohs(address.sin_port);
}

bool answers(int port) {
  const int fd = open_socket();
  const sockaddr_in address = local(port);
  const bool open = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return open;
}

// Where the shell would find it; Debian's is in sbin.
std::string find_program() {
  std::string folders = std::string(::getenv("PATH") == nullptr ? "" : ::getenv("PATH")) +
                        ":/usr/sbin:/usr/local/sbin";
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    const std::string path = folders.substr(at, end - at) + "/" + kProgram;
    if (::access(path.c_str(), X_OK) == 0) return path;
    at = end + 1;
  }
  return "";
}

}  // namespace

Process::Process(const std::vector<std::string>& arguments) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // nothing is left of a test that is killed
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

Process::~Process() {
  if (pid_ < 0) return;
  signal(SIGKILL);
  wait();
}

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

void Process::signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int Process::wait() {
  int status = 0;
  if (pid_ > 0) ::waitpid(pid_, &status, 0);
  pid_ = -1;
  return status;
}

bool Process::running() {
  if (pid_ < 0) return false;
  if (::waitpid(pid_, nullptr, WNOHANG) == 0) return true;
  pid_ = -1;
  return false;
}

bool NatsServer::available() { return !find_program().empty(); }

NatsServer::NatsServer() : port_(free_port()) {
  std::string pattern = testing::TempDir() + "serdab_nats_XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = pattern;
  start();
}

NatsServer::~NatsServer() {
  stop();
  std::filesystem::remove_all(folder_);
}

void NatsServer::start() {
  process_ = Process({find_program(), "-js", "-a", "127.0.0.1", "-p", std::to_string(port_), "-sd",
                      folder_, "-l", folder_ + "/log"});
  for (int i = 0; i < 1000 && !answers(port_); ++i) ::usleep(10'000);
}

void NatsServer::stop() {
  process_.signal(SIGKILL);
  process_.wait();
}

}  // namespace serdab
