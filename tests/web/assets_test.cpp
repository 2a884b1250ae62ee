#include "web/assets.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

namespace serdab::web {
namespace {

std::string file(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(Assets, AreTheFilesAsTheyAre) {
  const std::string folder = std::string(SERDAB_SOURCE_DIR) + "/apps/web/page/";
  std::set<std::string_view> paths;
  for (const gateway::Asset& asset : assets()) {
    paths.insert(asset.path);
    EXPECT_FALSE(asset.bytes.empty()) << asset.path;
    if (asset.path == "/client.wasm") {
      EXPECT_EQ(asset.type, "application/wasm");
      EXPECT_EQ(asset.bytes.substr(0, 4), std::string_view("\0asm", 4));
      continue;
    }
    const std::string name(asset.path == "/" ? "index.html" : asset.path.substr(1));
    EXPECT_EQ(asset.bytes, file(folder + name)) << asset.path;
  }
  for (const char* path : {"/", "/style.css", "/page.js", "/worker.js", "/client.js"}) {
    EXPECT_TRUE(paths.contains(path)) << path;
  }
}

// What the Content-Security-Policy forbids would fail in browsers only.
TEST(Assets, ThePageHasNothingInline) {
  for (const gateway::Asset& asset : assets()) {
    if (asset.path != "/") continue;
    EXPECT_EQ(asset.bytes.find("<style"), std::string_view::npos);
    EXPECT_EQ(asset.bytes.find(" style="), std::string_view::npos);
    EXPECT_EQ(asset.bytes.find("http://"), std::string_view::npos);
    EXPECT_EQ(asset.bytes.find("https://"), std::string_view::npos);
  }
}

}  // namespace
}  // namespace serdab::web
