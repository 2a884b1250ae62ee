#include "networks/datasets/named/manifest.h"

#include "engine/base/error.h"

namespace serdab::datasets {
namespace {

ManifestFile at(const std::string& mirror, const std::string& name, const std::string& sha256) {
  return {name, sha256, mirror + name, ""};
}

std::vector<ManifestFile> mnist_files() {
  const std::string mirror = "https://ossci-datasets.s3.amazonaws.com/mnist/";
  return {at(mirror, "train-images-idx3-ubyte.gz",
             "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
          at(mirror, "train-labels-idx1-ubyte.gz",
             "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
          at(mirror, "t10k-images-idx3-ubyte.gz",
             "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
          at(mirror, "t10k-labels-idx1-ubyte.gz",
             "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")};
}

std::vector<ManifestFile> fashion_files() {
  const std::string mirror = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";
  return {at(mirror, "train-images-idx3-ubyte.gz",
             "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
          at(mirror, "train-labels-idx1-ubyte.gz",
             "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
          at(mirror, "t10k-images-idx3-ubyte.gz",
             "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
          at(mirror, "t10k-labels-idx1-ubyte.gz",
             "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")};
}

std::vector<ManifestFile> cifar_files() {
  const std::string archive = "cifar-10-binary.tar.gz";
  const std::string url = "https://www.cs.toronto.edu/~kriz/" + archive;
  return {{"data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
           url, archive},
          {"data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
           url, archive},
          {"data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
           url, archive},
          {"data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
           url, archive},
          {"data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
           url, archive},
          {"test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
           url, archive}};
}

std::vector<ManifestFile> pneumonia_files() {
  return {{"train-images-idx3-ubyte.gz",
           "cdc5574698ebc8418167973e038b039d952afa5a318f10301efb189a7e221b10", "", ""},
          {"train-labels-idx1-ubyte.gz",
           "659a8f98605f12c65cf14f15872db3ac8ce87f2e53910e673588afab9a8846ec", "", ""},
          {"val-images-idx3-ubyte.gz",
           "9ec0a28b6db1a1cc4d691190de6ccca26aabe0112e114dbd57ca5b42225f1ffa", "", ""},
          {"val-labels-idx1-ubyte.gz",
           "464255d484518f46b5e393e817ce3e8ac574c2867abd08a4fc0d0668559d145d", "", ""},
          {"test-images-idx3-ubyte.gz", "", "", ""},
          {"test-labels-idx1-ubyte.gz", "", "", ""}};
}

}  // namespace

const std::vector<ManifestSet>& manifest() {
  static const std::vector<ManifestSet> sets{
      {"digits",
       "1,797 handwritten digits, 8x8 grey (UCI, through scikit-learn); part of serdab",
       "BSD-3-Clause (scikit-learn)",
       {{"digits.csv.gz", "", "", ""}}},
      {"mnist", "70,000 handwritten digits, 28x28 grey (LeCun, Cortes, Burges)",
       "no licence stated: research use", mnist_files()},
      {"fashion-mnist", "70,000 articles of clothing, 28x28 grey (Zalando Research)", "MIT",
       fashion_files()},
      {"cifar10", "60,000 pictures of ten classes, 32x32 RGB (Krizhevsky 2009)",
       "no licence stated: research use; cite \"Learning Multiple Layers of Features from Tiny "
       "Images\"",
       cifar_files()},
      {"pneumoniamnist", "5,856 chest X-rays, normal or pneumonia, 28x28 grey (MedMNIST v2)",
       "CC BY 4.0; not for clinical use", pneumonia_files()},
  };
  return sets;
}

const ManifestSet& manifest_set(std::string_view name) {
  std::string known;
  for (const ManifestSet& set : manifest()) {
    if (set.name == name) return set;
    if (!known.empty()) known += ", ";
    known += set.name;
  }
  base::fail(base::ErrorCode::kInvalidArgument,
             "there is no data set '" + std::string(name) + "'; known are " + known);
}

}  // namespace serdab::datasets
