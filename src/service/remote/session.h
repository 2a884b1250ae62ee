#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace serdab::remote {

/// Where a service is and who asks.
struct ServerAddress {
  std::string url;               ///< "https://host:8443"; plain http for loopback addresses alone
  std::string token;             ///< access token
  std::string ca_file;           ///< PEM of an authority to trust besides the system's
  double patience_seconds = 60;  ///< a busy or unreachable server is asked again for so long
};

using ProgressFunction = std::function<void(double share)>;
/// Asked between tries and pieces; true ends with base::Error(kInterrupted).
using StopFunction = std::function<bool()>;

struct RemoteModel {
  std::string name, version, program_id;
};

struct RemoteKey {
  std::string digest;  ///< SHA-256 of the file
  std::uint64_t bytes = 0;
  std::int64_t added = 0, expires = 0;  ///< seconds since 1970
};

/// An answer with what the server says of it.
struct RemoteAnswer {
  std::vector<std::uint8_t> file;
  double compute_seconds = 0;
  double round_trip_seconds = 0;  ///< with what was waited for between tries
  unsigned tries = 1;
};

/// A job or training run as the server tells it.
struct RemoteJob {
  struct Chunk {
    std::uint32_t index = 0;
    std::string state;  ///< absent, queued, done, failed
    std::string error;
  };
  std::string id, kind, state, error;
  double progress = 0;
  std::vector<Chunk> chunks;                ///< batch: those that have arrived
  std::uint64_t steps = 0, steps_done = 0;  ///< training
  std::string json;                         ///< as it came
  bool ended() const { return state == "done" || state == "failed" || state == "cancelled"; }
};

/// A client's conversation with a service. Errors are base::Error: kSecurity for tokens,
/// kInvalidArgument, kMismatch, kCorrupt and kLimit as the server says, kIo for a server that stays
/// unreachable; messages carry the server's words. One thread.
class Session {
 public:
  /// Throws base::Error(kInvalidArgument) for an address that is none, kSecurity for plain http to
  /// another machine.
  explicit Session(const ServerAddress& server, StopFunction stop = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  std::vector<RemoteModel> models();
  /// A model's metadata, JSON.
  std::string model(const std::string& name);
  /// Its client bundle, a file's bytes.
  std::vector<std::uint8_t> client_bundle(const std::string& name);

  std::vector<RemoteKey> keys();
  /// Nothing is sent that has arrived. Returns the digest.
  std::string upload_keys(std::span<const std::uint8_t> file,
                          const ProgressFunction& progress = {});
  void remove_keys(const std::string& digest);

  RemoteAnswer infer(const std::string& model, std::span<const std::uint8_t> query);

  std::vector<RemoteJob> jobs();
  RemoteJob create_job(const std::string& model, std::uint32_t chunks);
  RemoteJob put_chunk(const std::string& job, std::uint32_t index,
                      std::span<const std::uint8_t> query);
  RemoteJob job(const std::string& job);
  std::vector<std::uint8_t> chunk_answer(const std::string& job, std::uint32_t index);
  void remove_job(const std::string& job);

  RemoteJob create_training();
  void put_training_file(const std::string& run, const std::string& name,
                         std::span<const std::uint8_t> file, const ProgressFunction& progress = {});
  RemoteJob start_training(const std::string& run, std::uint64_t steps);
  RemoteJob training(const std::string& run);
  std::vector<std::uint8_t> refresh_request(const std::string& run);
  RemoteJob put_refresh(const std::string& run, std::span<const std::uint8_t> answer);
  std::vector<std::uint8_t> training_state(const std::string& run);
  void remove_training(const std::string& run);

  /// Waits, by the server's events, until the job or run has another status than `seen` (its json),
  /// or some seconds have gone.
  RemoteJob wait(const RemoteJob& seen);

 private:
  struct State;
  void upload(const std::string& path, std::span<const std::uint8_t> file,
              const ProgressFunction& progress);
  std::unique_ptr<State> state_;
};

}  // namespace serdab::remote
