#include "passphrase.h"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/error.h"
#include "engine/base/secure_zero.h"
#include "service/wire/file.h"

namespace serdab::cli {
namespace {

constexpr std::size_t kMostBytes = 1024;

/// The terminal, whatever standard input and output are; shows nothing of what is typed.
class Terminal {
 public:
  Terminal() : file_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (file_ < 0) return;
    if (::tcgetattr(file_, &before_) != 0) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(file_, TCSAFLUSH, &silent) == 0;
  }
  ~Terminal() {
    if (changed_) ::tcsetattr(file_, TCSAFLUSH, &before_);
    if (file_ >= 0) ::close(file_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  bool there() const { return changed_; }

  client::SecretBytes ask(const std::string& question) {
    write(question);
    client::SecretBytes line(kMostBytes);
    std::size_t size = 0;
    while (true) {
      std::uint8_t byte = 0;
      // A read would go on after a signal.
      pollfd waiting{file_, POLLIN, 0};
      const ssize_t n = ::poll(&waiting, 1, -1) < 0 ? -1 : ::read(file_, &byte, 1);
      if (n < 0 || interrupted()) {
        base::fail(base::ErrorCode::kInterrupted, "no passphrase was given");
      }
      if (n == 0 || byte == '\n') break;
      if (size == kMostBytes) {
        base::fail(base::ErrorCode::kLimit, "a passphrase has at most 1024 bytes");
      }
      line[size++] = byte;
    }
    write("\n");
    return client::secret_bytes(line.span().first(size));
  }

 private:
  void write(const std::string& text) {
    if (::write(file_, text.data(), text.size()) < 0) return;
  }

  int file_;
  termios before_{};
  bool changed_ = false;
};

client::SecretBytes checked(client::SecretBytes passphrase, const std::string& where) {
  if (passphrase.empty()) {
    base::fail(base::ErrorCode::kInvalidArgument, where + ": holds no passphrase");
  }
  return passphrase;
}

client::SecretBytes from_file(const std::string& file) {
  auto bytes = wire::read_file(file, kMostBytes);
  const auto end = std::find_if(bytes.begin(), bytes.end(),
                                [](std::uint8_t byte) { return byte == '\n' || byte == '\r'; });
  client::SecretBytes line =
      client::secret_bytes(std::span(bytes).first(static_cast<std::size_t>(end - bytes.begin())));
  base::secure_zero(bytes.data(), bytes.size());
  return checked(std::move(line), file);
}

[[noreturn]] void nobody_to_ask(const std::string& what) {
  base::fail(base::ErrorCode::kInvalidArgument,
             what +
                 ": needs a passphrase and there is no terminal to ask; give a file that holds "
                 "it, or set SERDAB_PASSPHRASE_FILE to its path");
}

}  // namespace

void add_passphrase_file(CLI::App* verb, std::string& file) {
  verb->add_option("--passphrase-file", file,
                   "Its first line is the secret key's passphrase, if the key has one; without: "
                   "asked at the terminal")
      ->envname("SERDAB_PASSPHRASE_FILE");
}

client::PassphraseSource passphrase_source(const std::string& file) {
  return [file](const std::string& name) {
    if (!file.empty()) return from_file(file);
    Terminal terminal;
    if (!terminal.there()) nobody_to_ask(name);
    return checked(terminal.ask("Passphrase of " + name + ": "), name);
  };
}

client::SecretBytes new_passphrase(const std::string& file, const std::string& what) {
  if (!file.empty()) return from_file(file);
  Terminal terminal;
  if (!terminal.there()) nobody_to_ask(what);
  client::SecretBytes first = checked(terminal.ask("New passphrase for " + what + ": "), what);
  const client::SecretBytes second = terminal.ask("Once more: ");
  if (!std::ranges::equal(first.span(), second.span())) {
    base::fail(base::ErrorCode::kInvalidArgument,
               "the two passphrases differ; nothing was changed");
  }
  return first;
}

}  // namespace serdab::cli
