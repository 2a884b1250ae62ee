#include "service/store/layout.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/error.h"

namespace serdab::store {
namespace {

TEST(Layout, NamesThatAreNoPathsPass) {
  for (const char* name : {"a", "7", "mnist-mlp", "team_a.2", "a..b"}) {
    EXPECT_NO_THROW(check_name("model", name)) << name;
  }
  EXPECT_NO_THROW(check_name("model", std::string(64, 'a')));
}

TEST(Layout, OthersDoNot) {
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("../a"), std::string("a/b"),
        std::string("A"), std::string("a b"), std::string("-a"), std::string(".a"),
        std::string("a\0b", 3), std::string("\xc3\xa4"), std::string(65, 'a')}) {
    EXPECT_THROW(check_name("model", name), base::Error) << name;
  }
}

TEST(Layout, DigestsAndIds) {
  EXPECT_NO_THROW(check_digest(std::string(64, 'a')));
  for (const std::string& digest : {std::string(63, 'a'), std::string(64, 'A'),
                                    std::string(64, 'g'), "../" + std::string(61, 'a')}) {
    EXPECT_THROW(check_digest(digest), base::Error) << digest;
  }
  EXPECT_THROW(check_id(std::string(26, '1')), base::Error);
  EXPECT_THROW(check_id("../../etc/passwd"), base::Error);
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(new_id());
    EXPECT_NO_THROW(check_id(*ids.rbegin()));
  }
  EXPECT_EQ(ids.size(), 1000u);
}

}  // namespace
}  // namespace serdab::store
