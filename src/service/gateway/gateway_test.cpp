#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "service/gateway/internal/bodies.h"
#include "service/gateway/internal/failure.h"
#include "service/gateway/internal/limits.h"
#include "service/gateway/internal/router.h"
#include "service/gateway/internal/service.h"

namespace serdab::gateway {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

template <typename F>
Failure failure_of(F&& f) {
  try {
    f();
  } catch (const Failure& failure) {
    return failure;
  }
  ADD_FAILURE() << "nothing was refused";
  return {0, "", ""};
}

std::vector<std::uint8_t> bytes(const std::string& text) { return {text.begin(), text.end()}; }

// ---- Bodies ----

TEST(ContentRange, IsReadStrictly) {
  const ContentRange range = read_content_range("bytes 5-9/20");
  EXPECT_EQ(range.first, 5u);
  EXPECT_EQ(range.size(), 5u);
  EXPECT_EQ(range.total, 20u);
  for (const char* wrong : {"", "bytes", "bytes 0-0", "bytes 0-0/*", "bytes 5-4/20",
                            "bytes 0-20/20", "bytes -1-3/5", "bytes 0-3/99999999999999999999",
                            "octets 0-1/2", "bytes 0 -1/2", "bytes 1/2-3", "bytes 0x1-2/3"}) {
    EXPECT_EQ(failure_of([&] { read_content_range(wrong); }).status(), 400) << wrong;
  }
}

TEST(InferRequest, TakesRawBytesAndTheProtocolsHead) {
  const auto raw = bytes("query");
  EXPECT_TRUE(read_infer_request(raw, 0).raw_answer);
  EXPECT_EQ(read_infer_request(raw, 0).query.size(), 5u);

  const std::string head = json{{"id", "mine"},
                                {"inputs",
                                 {{{"name", "query"},
                                   {"datatype", "UINT8"},
                                   {"shape", {1, 5}},
                                   {"parameters", {{"binary_data_size", 5}}}}}}}
                               .dump();
  const auto body = bytes(head + "query");
  const InferRequest request = read_infer_request(body, head.size());
  EXPECT_EQ(request.id, "mine");
  EXPECT_FALSE(request.raw_answer);
  EXPECT_EQ(request.query.size(), 5u);
}

TEST(InferRequest, SaysWhichFieldIsWrong) {
  const auto refused = [](const std::string& head, std::size_t length = 0) {
    const auto body = bytes(head + "12345");
    return std::string(
        failure_of([&] { read_infer_request(body, length == 0 ? head.size() : length); }).what());
  };
  EXPECT_THAT(refused("{}"), HasSubstr("inputs"));
  EXPECT_THAT(refused("[]"), HasSubstr("object"));
  EXPECT_THAT(refused("{", 1), HasSubstr("object"));
  EXPECT_THAT(refused(R"({"inputs":[{"name":"x"}]})"), HasSubstr("name"));
  EXPECT_THAT(refused(R"({"inputs":[{"name":"query","datatype":"FP32"}]})"), HasSubstr("UINT8"));
  EXPECT_THAT(refused(R"({"inputs":[{"name":"query","datatype":"UINT8","data":[1]}]})"),
              HasSubstr("binary"));
  EXPECT_THAT(refused(R"({"inputs":[{"name":"query","datatype":"UINT8",
                          "parameters":{"binary_data_size":4}}]})"),
              HasSubstr("binary_data_size"));
  EXPECT_THAT(refused(R"({"inputs":[],"tensor":1})"), HasSubstr("unknown"));
  EXPECT_THAT(refused("{}", 100), HasSubstr("beyond"));
  EXPECT_THAT(refused(std::string(2000, '[')), HasSubstr("nested"));
}

TEST(JsonBodies, AreBounded) {
  EXPECT_EQ(read_batch_request(R"({"model":"mnist","chunks":3})").chunks, 3u);
  EXPECT_EQ(read_steps_request(R"({"steps":7})"), 7u);
  for (const char* wrong :
       {"", "null", "{}", R"({"model":"mnist"})", R"({"model":"mnist","chunks":0})",
        R"({"model":"mnist","chunks":4097})", R"({"model":"mnist","chunks":-1})",
        R"({"model":"mnist","chunks":1.5})", R"({"model":"","chunks":1})",
        R"({"model":"mnist","chunks":1,"extra":2})"}) {
    EXPECT_EQ(failure_of([&] { read_batch_request(wrong); }).status(), 400) << wrong;
  }
  EXPECT_THROW(read_batch_request(R"({"model":"../etc","chunks":1})"), base::Error);
  EXPECT_EQ(failure_of([] { read_steps_request(R"({"steps":1000001})"); }).status(), 400);
}

// ---- Limits ----

store::Tenant tenant(const char* name, double rate, std::uint32_t concurrent) {
  store::Tenant result;
  result.name = name;
  result.quota.requests_per_second = rate;
  result.quota.concurrent = concurrent;
  return result;
}

TEST(Limits, ABucketOfTenSecondsThenTheRate) {
  Limits limits;
  const store::Tenant one = tenant("one", 2, 1);
  const auto start = Limits::Clock::now();
  for (int i = 0; i < 20; ++i) limits.count_request(one, start);
  const Failure full = failure_of([&] { limits.count_request(one, start); });
  EXPECT_EQ(full.status(), 429);
  EXPECT_EQ(full.retry_after(), 1);
  limits.count_request(tenant("two", 2, 1), start);  // another's bucket is its own
  limits.count_request(one, start + std::chrono::milliseconds(500));
  EXPECT_EQ(failure_of([&] {
              limits.count_request(one, start + std::chrono::milliseconds(600));
            }).status(),
            429);
}

TEST(Limits, PlacesAreGivenBack) {
  Limits limits;
  const store::Tenant one = tenant("one", 2, 2);
  const Limits::Place first = limits.enter(one);
  {
    const Limits::Place second = limits.enter(one);
    EXPECT_EQ(failure_of([&] { limits.enter(one); }).status(), 429);
    const Limits::Place other = limits.enter(tenant("two", 2, 1));
  }
  const Limits::Place again = limits.enter(one);
}

// ---- Routes ----

TEST(Router, FindsTemplatesAndSaysWhichMethodsThereAre) {
  Router router;
  router.add("GET", "/a/{x}", Access::kOpen, {});
  router.add("PUT", "/a/{x}", Access::kTenant, {});
  router.add("GET", "/a/{x}/b", Access::kOpen, {});
  EXPECT_EQ(router.find("PUT", "/a/7").path.at("x"), "7");
  EXPECT_EQ(router.find("HEAD", "/a/7").route, router.find("GET", "/a/7").route);
  EXPECT_EQ(router.find("DELETE", "/a/7").allowed, "GET, PUT");
  for (const char* nowhere : {"", "a", "/", "/a", "/a/", "/a/7/", "/a/7/c", "//a/7"}) {
    const auto found = router.find("GET", nowhere);
    EXPECT_EQ(found.route, nullptr) << nowhere;
    EXPECT_EQ(found.allowed, "") << nowhere;
  }
}

// The description and the routes are the same list.
TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  const std::string folder = ::testing::TempDir() + "openapi";
  store::Store store(folder);
  const Options options;
  Service service(store, nullptr, options);
  add_health_routes(service);
  add_model_routes(service);
  add_key_routes(service);
  add_infer_route(service);
  add_job_routes(service);
  add_training_routes(service);
  std::set<std::string> routes;
  for (const Route& route : service.router.routes()) {
    routes.insert(route.method + " " + route.path + (route.access == Access::kOpen ? " open" : ""));
  }
  std::ifstream file(std::string(SERDAB_SOURCE_DIR) + "/src/service/gateway/openapi.json");
  std::set<std::string> described;
  const json openapi = json::parse(file);
  for (const auto& [path, methods] : openapi.at("paths").items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string name = method;
      for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      described.insert(name + " " + path + (operation.contains("security") ? " open" : ""));
      EXPECT_TRUE(operation.contains("summary")) << name << " " << path;
    }
  }
  EXPECT_EQ(routes, described);
}

}  // namespace
}  // namespace serdab::gateway
