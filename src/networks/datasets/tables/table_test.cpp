#include "networks/datasets/tables/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "networks/datasets/tables/cells.h"
#include "networks/datasets/testing/temporary_folder.h"

namespace serdab::datasets {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

Table read(const std::string& content, const std::string& label) {
  const TemporaryFolder folder;
  return read_table(folder.write("data.csv", content), label);
}

std::string error_of(const std::string& content, const std::string& label = "last") {
  try {
    read(content, label);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "no error";
}

std::filesystem::path shipped(const std::string& name) {
  return std::filesystem::path(SERDAB_SOURCE_DIR) / "data/tabular" / name;
}

TEST(Cells, QuotesCommasAndBlanks) {
  EXPECT_THAT(*split_cells("a, \"b, c\" ,\"d\"\"e\",\r"), ElementsAre("a", "b, c", "d\"e", ""));
  EXPECT_FALSE(split_cells("a,\"b"));
  EXPECT_FALSE(split_cells("\"a\"b,c"));
}

TEST(Cells, NumbersAndWhatIsNone) {
  EXPECT_EQ(parse_number("+1.5e3").value, 1500.0);
  EXPECT_EQ(parse_number("1e-400").fault, CellFault::kNothing);
  EXPECT_EQ(parse_number("").fault, CellFault::kEmpty);
  EXPECT_EQ(parse_number("NaN").fault, CellFault::kNan);
  EXPECT_EQ(parse_number("-inf").fault, CellFault::kInfinite);
  EXPECT_EQ(parse_number("1e400").fault, CellFault::kTooLarge);
  EXPECT_EQ(parse_number("2e100").fault, CellFault::kTooLarge);
  for (const char* cell : {"1,5", "1.5x", "0x10", "+-1", "--1", "NA", "?"}) {
    EXPECT_EQ(parse_number(cell).fault, CellFault::kNotANumber) << cell;
  }
}

TEST(Table, HeaderNamesTheLabelWhereverItStands) {
  const Table table = read(
      "\xef\xbb\xbf"
      "a,kind,b\r\n1,yes,2\n\n3,no,4.5\n",
      "kind");
  EXPECT_THAT(table.columns, ElementsAre("a", "b"));
  EXPECT_THAT(table.values, ElementsAre(1, 2, 3, 4.5));
  EXPECT_THAT(table.lines, ElementsAre(2, 4));
  EXPECT_EQ(table.label_column, "kind");
  EXPECT_THAT(table.classes, ElementsAre("no", "yes"));
  EXPECT_THAT(table.labels, ElementsAre(1, 0));
}

TEST(Table, NumericClassesAscend) {
  const Table table = read("a,b\n1,10\n2,9\n3,-1\n4,9.0\n", "b");
  EXPECT_THAT(table.classes, ElementsAre("-1", "9", "10"));
  EXPECT_THAT(table.labels, ElementsAre(2, 1, 0, 1));
}

TEST(Table, RowsWithoutHeaderHaveNumberedColumns) {
  const Table table = read("1,2,x\n3,4,y\n", "last");
  EXPECT_THAT(table.columns, ElementsAre("column1", "column2"));
  EXPECT_EQ(read("1,2,0\n3,4,1\n", "3").labels, (std::vector<int>{0, 1}));
  EXPECT_EQ(read("1,2,0\n3,4,1\n", "column1").classes, (std::vector<std::string>{"1", "3"}));
}

TEST(Table, ShippedTables) {
  const Table iris = read_table(shipped("iris.csv"), "last");
  EXPECT_EQ(iris.rows(), 150u);
  EXPECT_EQ(iris.width(), 4u);
  EXPECT_THAT(iris.classes, ElementsAre("setosa", "versicolor", "virginica"));
  EXPECT_EQ(iris.lines[0], 2u);
  EXPECT_THAT(std::vector<double>(iris.row(149).begin(), iris.row(149).end()),
              ElementsAre(5.9, 3.0, 5.1, 1.8));
  const Table cancer = read_table(shipped("breast_cancer.csv"), "last");
  EXPECT_EQ(cancer.rows(), 569u);
  EXPECT_EQ(cancer.width(), 30u);
  EXPECT_THAT(cancer.classes, ElementsAre("malignant", "benign"));
  EXPECT_EQ(read_table(shipped("wine_data.csv"), "14").classes.size(), 3u);
  const Table digits = read_table(shipped("digits.csv.gz"), "column65");
  EXPECT_EQ(digits.rows(), 1797u);
  EXPECT_EQ(digits.width(), 64u);
  EXPECT_EQ(digits.classes[9], "9");
}

TEST(TableErrors, MissingColumnListsThoseThereAre) {
  EXPECT_THAT(error_of("a,b\n1,0\n2,1\n", "c"),
              AllOf(HasSubstr("data.csv"), HasSubstr("'c'"), HasSubstr("a, b")));
  EXPECT_THAT(error_of("a,b\n1,0\n2,1\n", "3"), HasSubstr("'3'"));
  EXPECT_THAT(error_of("a,a\n1,0\n2,1\n"), HasSubstr("two columns"));
  EXPECT_THAT(error_of("b\n0\n1\n"), HasSubstr("no column beside"));
}

TEST(TableErrors, CellsNameLineAndColumn) {
  const auto with = [](const std::string& cell) {
    return error_of("width,height,kind\n1,2,x\n\n3," + cell + ",y\n");
  };
  const auto place = HasSubstr("data.csv: line 4, column 'height': ");
  EXPECT_THAT(with(""), AllOf(place, HasSubstr("empty")));
  EXPECT_THAT(with("nan"), AllOf(place, HasSubstr("NaN")));
  EXPECT_THAT(with("inf"), AllOf(place, HasSubstr("infinite")));
  EXPECT_THAT(with("tall"), AllOf(place, HasSubstr("'tall' is not a number")));
  EXPECT_THAT(with("1e300"), AllOf(place, HasSubstr("beyond")));
  EXPECT_THAT(with("1,2"), AllOf(HasSubstr("line 4 has 4 cells"), HasSubstr("3 columns")));
  EXPECT_THAT(error_of("a,kind\n1,x\n2\n"), HasSubstr("line 3 has 1 cells"));
  EXPECT_THAT(error_of("a,kind\n1,x\n2,\n"), AllOf(HasSubstr("line 3, column 'kind': is empty")));
  EXPECT_THAT(error_of("a,kind\n1,0\n2,nan\n"), AllOf(HasSubstr("line 3, column 'kind'")));
  EXPECT_THAT(error_of("a,kind\n1,\"x\n2,y\n"), HasSubstr("line 2: a quoted cell"));
}

TEST(TableErrors, ClassesAndRows) {
  EXPECT_THAT(error_of(""), HasSubstr("no rows"));
  EXPECT_THAT(error_of("a,b\n"), HasSubstr("no rows"));
  EXPECT_THAT(error_of("a,b\n1,x\n2,x\n"), AllOf(HasSubstr("'b'"), HasSubstr("class 'x'")));
  std::string quantities = "a,price\n";
  for (int i = 0; i < 300; ++i) quantities += "1," + std::to_string(i) + ".5\n";
  EXPECT_THAT(error_of(quantities), AllOf(HasSubstr("'price'"), HasSubstr("quantity")));
}

TEST(TableErrors, CutsAndFlipsGiveATableOrAnError) {
  const std::string good =
      "6,2,\"no, no\",yes\r\n1,2.5,0\n3e2,+4,1\n-5,6,0\n1,1,1\n2,2,1\n7,.5,0\n";
  const TemporaryFolder folder;
  const auto attempt = [&](const std::string& content) {
    try {
      const Table table = read_table(folder.write("data.csv", content), "last");
      EXPECT_EQ(table.values.size(), table.rows() * table.width());
      EXPECT_EQ(table.lines.size(), table.rows());
      EXPECT_GE(table.classes.size(), 2u);
      return 1;
    } catch (const base::Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("data.csv: "));
      return 0;
    }
  };
  int read = attempt(good);
  EXPECT_EQ(read, 1);
  for (std::size_t cut = 0; cut < good.size(); ++cut) read += attempt(good.substr(0, cut));
  for (std::size_t at = 0; at < 8 * good.size(); ++at) {
    std::string flipped = good;
    flipped[at / 8] = static_cast<char>(flipped[at / 8] ^ (1 << (at % 8)));
    read += attempt(flipped);
  }
  EXPECT_GT(read, 50);
}

TEST(TableErrors, FirstLineOfScikitLearnIsHeld) {
  EXPECT_EQ(error_of("2,1,no,yes\n1,0\n2,1\n"), "no error");
  EXPECT_THAT(error_of("3,1,no,yes\n1,0\n2,1\n"), HasSubstr("says 3 rows, 2 follow"));
  EXPECT_THAT(error_of("2,1,no,yes\n1,0\n2,2\n"), HasSubstr("line 3, column 'column2': '2'"));
  EXPECT_THAT(error_of("2,1,no,yes,so\n1,0\n2,1\n"), HasSubstr("names 3 classes, 2"));
}

}  // namespace
}  // namespace serdab::datasets
