#include "service/work/internal/nats_connection.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "engine/base/error.h"

namespace serdab::work::internal {
namespace {

using base::ErrorCode;

constexpr std::int64_t kConnectMilliseconds = 2000;
constexpr std::int64_t kAnswerMilliseconds = 3000;
constexpr std::int64_t kReconnectMilliseconds = 250;  ///< up to twice that: all clients come back
constexpr std::int64_t kPingMilliseconds = 5000;
constexpr int kForever = -1;
constexpr int kPublishTrials = 2;

// Connections that come up later need a callback, or the call would wait for them.
void on_connected(natsConnection*, void*) {}

bool wants_tls(const NatsOptions& options) {
  return options.url.rfind("tls://", 0) == 0 || !options.ca_file.empty() ||
         !options.certificate_file.empty();
}

std::vector<std::string> servers_of(const std::string& url) {
  std::vector<std::string> servers;
  for (std::size_t at = 0; at <= url.size();) {
    const std::size_t end = std::min(url.find(',', at), url.size());
    servers.push_back(url.substr(at, end - at));
    at = end + 1;
  }
  return servers;
}

void set_security(natsOptions* made, const NatsOptions& options) {
  if (!options.credentials_file.empty()) {
    check_nats(
        natsOptions_SetUserCredentialsFromFiles(made, options.credentials_file.c_str(), nullptr),
        options.credentials_file);
  }
  if (!options.token.empty()) {
    check_nats(natsOptions_SetToken(made, options.token.c_str()), "the work queue's token");
  }
  if (!wants_tls(options)) return;
  check_nats(natsOptions_SetSecure(made, true), "TLS to the work queue");
  if (!options.ca_file.empty()) {
    check_nats(natsOptions_LoadCATrustedCertificates(made, options.ca_file.c_str()),
               options.ca_file);
  }
  if (!options.certificate_file.empty()) {
    check_nats(natsOptions_LoadCertificatesChain(made, options.certificate_file.c_str(),
                                                 options.key_file.c_str()),
               options.certificate_file);
  }
}

// Requests have inboxes of their own, the "old style": a message of a stream comes under its own
// subject, by which one inbox for all could not tell whose answer it is.
Nats<natsOptions> make_options(const NatsOptions& options) {
  natsOptions* raw = nullptr;
  check_nats(natsOptions_Create(&raw), "NATS options");
  Nats<natsOptions> made(raw);
  const std::vector<std::string> servers = servers_of(options.url);
  std::vector<const char*> texts;
  for (const std::string& server : servers) texts.push_back(server.c_str());
  const std::string where = "work queue at " + options.url;
  check_nats(natsOptions_SetServers(raw, texts.data(), static_cast<int>(texts.size())), where);
  for (const natsStatus status :
       {natsOptions_SetName(raw, options.name.c_str()),
        natsOptions_SetTimeout(raw, kConnectMilliseconds),
        natsOptions_SetMaxReconnect(raw, kForever),
        natsOptions_SetReconnectWait(raw, kReconnectMilliseconds),
        natsOptions_SetReconnectJitter(raw, kReconnectMilliseconds, kReconnectMilliseconds),
        natsOptions_SetPingInterval(raw, kPingMilliseconds), natsOptions_SetMaxPingsOut(raw, 2),
        natsOptions_UseOldRequestStyle(raw, true), natsOptions_SetSendAsap(raw, true),
        natsOptions_SetRetryOnFailedConnect(raw, true, on_connected, nullptr)}) {
    check_nats(status, where);
  }
  set_security(raw, options);
  return made;
}

// The list frees what is left in it.
std::vector<Nats<natsMsg>> taken(natsMsgList& list) {
  std::vector<Nats<natsMsg>> messages;
  for (int i = 0; i < list.Count; ++i) messages.emplace_back(std::exchange(list.Msgs[i], nullptr));
  natsMsgList_Destroy(&list);
  return messages;
}

}  // namespace

void check_nats(natsStatus status, const std::string& what) {
  if (status == NATS_OK) return;
  std::string reason = natsStatus_GetText(status);
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  if (last == status && detail != nullptr) reason += std::string(": ") + detail;
  base::fail(ErrorCode::kIo, what + ": " + reason);
}

std::string_view text_of(const natsMsg* message) {
  const char* data = natsMsg_GetData(message);
  return data == nullptr
             ? std::string_view()
             : std::string_view(data, static_cast<std::size_t>(natsMsg_GetDataLength(message)));
}

NatsConnection::NatsConnection(const NatsOptions& options) {
  const Nats<natsOptions> made = make_options(options);
  natsConnection* connection = nullptr;
  const natsStatus status = natsConnection_Connect(&connection, made.get());
  connection_.reset(connection);
  if (status != NATS_NOT_YET_CONNECTED) check_nats(status, "work queue at " + options.url);
  jsOptions limits;
  jsOptions_Init(&limits);
  limits.Wait = kAnswerMilliseconds;
  jsCtx* context = nullptr;
  check_nats(natsConnection_JetStream(&context, connection, &limits), "JetStream");
  context_.reset(context);
}

bool NatsConnection::connected() const {
  return natsConnection_Status(connection_.get()) == NATS_CONN_STATUS_CONNECTED;
}

void NatsConnection::tell(const std::string& subject, const std::string& text) const noexcept {
  if (!connected()) return;
  natsConnection_Publish(connection_.get(), subject.c_str(), text.data(),
                         static_cast<int>(text.size()));
}

void NatsConnection::flush() const noexcept {
  natsConnection_FlushTimeout(connection_.get(), kAnswerMilliseconds);
}

Nats<natsSubscription> NatsConnection::listen(const std::string& subject) const {
  natsSubscription* subscription = nullptr;
  check_nats(natsConnection_SubscribeSync(&subscription, connection_.get(), subject.c_str()),
             subject);
  return Nats<natsSubscription>(subscription);
}

void NatsConnection::store(const std::string& subject, const std::string& text,
                           const std::string& id) const {
  jsPubOptions options;
  jsPubOptions_Init(&options);
  options.MsgId = id.c_str();
  natsStatus status = NATS_CONNECTION_DISCONNECTED;
  for (int trial = 0; trial < kPublishTrials && status != NATS_OK; ++trial) {
    // What is sent without a connection would be sent later, when nobody expects it any more.
    if (!connected()) break;
    jsPubAck* acknowledged = nullptr;
    auto error = static_cast<jsErrCode>(0);
    status = js_Publish(&acknowledged, context_.get(), subject.c_str(), text.data(),
                        static_cast<int>(text.size()), &options, &error);
    const Nats<jsPubAck> owned(acknowledged);
    if (error == JSStreamStoreFailedErr) {
      base::fail(ErrorCode::kLimit, "as many tasks wait as may; try again later");
    }
  }
  check_nats(status, "the work queue cannot be reached");
}

// The C library's own fetch of what is there now does not wait for the answer.
Nats<natsMsg> NatsConnection::next(const std::string& stream, const std::string& consumer) const {
  const std::string subject = "$JS.API.CONSUMER.MSG.NEXT." + stream + "." + consumer;
  natsMsg* raw = nullptr;
  check_nats(natsConnection_RequestString(&raw, connection_.get(), subject.c_str(),
                                          "{\"batch\":1,\"no_wait\":true}", kAnswerMilliseconds),
             consumer);
  Nats<natsMsg> message(raw);
  // Else it is the news that there is none.
  if (natsMsg_GetReply(raw) == nullptr) return nullptr;
  return message;
}

NatsConnection::Lying NatsConnection::lying(const std::string& stream,
                                            const std::string& consumer) const {
  jsConsumerInfo* raw = nullptr;
  const natsStatus status =
      js_GetConsumerInfo(&raw, context_.get(), stream.c_str(), consumer.c_str(), nullptr, nullptr);
  const Nats<jsConsumerInfo> info(raw);
  check_nats(status, consumer);
  return {info->NumPending, static_cast<std::uint64_t>(info->NumAckPending),
          info->Delivered.Consumer};
}

void NatsConnection::reply(const natsMsg* message, Reply reply) const noexcept {
  static constexpr const char* kWords[] = {"+ACK", "-NAK", "+TERM", "+WPI"};
  tell(natsMsg_GetReply(message), kWords[static_cast<std::size_t>(reply)]);
}

Nats<natsSubscription> NatsConnection::pull(const std::string& stream, const std::string& consumer,
                                            const std::string& subject) const {
  jsSubOptions options;
  jsSubOptions_Init(&options);
  options.Stream = stream.c_str();
  options.Consumer = consumer.c_str();
  natsSubscription* subscription = nullptr;
  check_nats(js_PullSubscribe(&subscription, context_.get(), subject.c_str(), consumer.c_str(),
                              nullptr, &options, nullptr),
             stream + "." + consumer);
  return Nats<natsSubscription>(subscription);
}

// "$JS.ACK.stream.consumer.deliveries. …", or with domain and account before the stream.
std::uint64_t deliveries(const natsMsg* message) {
  const std::string subject = natsMsg_GetReply(message);
  const auto dots = std::count(subject.begin(), subject.end(), '.');
  std::size_t at = 0;
  for (int token = 0; token < (dots > 8 ? 6 : 4); ++token) at = subject.find('.', at) + 1;
  return std::strtoull(subject.c_str() + at, nullptr, 10);
}

std::vector<Nats<natsMsg>> fetch_soon(natsSubscription* subscription, int most, double seconds) {
  natsMsgList list{};
  const natsStatus status = natsSubscription_Fetch(
      &list, subscription, most, static_cast<std::int64_t>(seconds * 1000), nullptr);
  if (status == NATS_NOT_FOUND || status == NATS_TIMEOUT) return {};
  check_nats(status, "the work queue");
  return taken(list);
}

}  // namespace serdab::work::internal
