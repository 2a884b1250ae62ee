#include "networks/datasets/named/load.h"

#include <algorithm>

#include "engine/base/error.h"
#include "networks/datasets/formats/cifar.h"
#include "networks/datasets/formats/csv.h"
#include "networks/datasets/formats/idx.h"
#include "networks/datasets/formats/npy.h"
#include "networks/datasets/formats/png.h"
#include "networks/datasets/formats/zip.h"
#include "networks/datasets/named/manifest.h"

namespace serdab::datasets {
namespace {

namespace fs = std::filesystem;
using base::ErrorCode;
using Folders = std::vector<fs::path>;

constexpr std::size_t kMnistVal = 10'000, kDigitsVal = 450;

/// The last `held_back` images for val, those before them for train.
Images training_part(const Images& all, std::size_t held_back, Split split, std::size_t count) {
  if (all.count() <= held_back) {
    base::fail(ErrorCode::kCorrupt, "the training file has " + std::to_string(all.count()) +
                                        " images; more than " + std::to_string(held_back) +
                                        " are needed to hold the last ones back");
  }
  const std::size_t train = all.count() - held_back;
  if (split == Split::kTrain) return slice(all, 0, std::min(count, train));
  return slice(all, train, count);
}

Images idx_pair(const std::string& set, const std::string& prefix, const Folders& folders) {
  const fs::path images = find_file(set, prefix + "-images-idx3-ubyte.gz", folders);
  return read_idx(images, find_file(set, prefix + "-labels-idx1-ubyte.gz", folders));
}

Images load_mnist(const SetName& set, const Folders& folders, std::size_t count) {
  if (set.split == Split::kTest) return slice(idx_pair(set.name, "t10k", folders), 0, count);
  return training_part(idx_pair(set.name, "train", folders), kMnistVal, set.split, count);
}

/// Split of the archive in which MedMNIST itself publishes the set.
Images read_medmnist(const fs::path& file, const std::string& prefix) {
  const auto members = read_zip(file);
  const auto array = [&](const std::string& member) {
    const auto found = members.find(member + ".npy");
    if (found == members.end()) corrupt(file, "has no member " + member + ".npy");
    return read_npy_array(found->second, file / member);
  };
  const NpyArray pixels = array(prefix + "_images"), labels = array(prefix + "_labels");
  if (!pixels.bytes || pixels.shape.size() != 3 || labels.values.size() != pixels.shape[0]) {
    corrupt(file, prefix + "_images and " + prefix + "_labels are not a set of grey pictures");
  }
  Images images{{1, pixels.shape[1], pixels.shape[2]}, {}, {}};
  for (double value : pixels.values) images.pixels.push_back(static_cast<float>(value / 255.0));
  images.labels.assign(labels.values.begin(), labels.values.end());
  return images;
}

Images load_pneumonia(const SetName& set, const Folders& folders, std::size_t count) {
  const std::string prefix = set.split == Split::kTrain ? "train"
                             : set.split == Split::kVal ? "val"
                                                        : "test";
  if (!look_for(set.name, prefix + "-images-idx3-ubyte.gz", folders)) {
    if (const auto archive = look_for(set.name, "pneumoniamnist.npz", folders)) {
      return slice(read_medmnist(*archive, prefix), 0, count);
    }
  }
  return slice(idx_pair(set.name, prefix, folders), 0, count);
}

Images load_cifar(const SetName& set, const Folders& folders, std::size_t count) {
  std::vector<std::string> files{"test_batch.bin"};
  if (set.split == Split::kVal) files = {"data_batch_5.bin"};
  if (set.split == Split::kTrain) {
    files = {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin"};
  }
  Images images;
  for (const std::string& file : files) {
    if (images.count() >= count) break;
    append(images, read_cifar(find_file(set.name, file, folders), count - images.count()));
  }
  return slice(images, 0, count);
}

Images load_digits(const SetName& set, const Folders& folders, std::size_t count) {
  if (set.split == Split::kTest) {
    base::fail(ErrorCode::kInvalidArgument,
               "the data set 'digits' has no test split; use digits:val or digits:train");
  }
  const fs::path file = find_file(set.name, "digits.csv.gz", folders);
  Images images = conform(read_csv(file), {1, 8, 8}, file.string());
  for (float& pixel : images.pixels) pixel /= 16.0f;
  return training_part(images, kDigitsVal, set.split, count);
}

/// The file of labels that belongs to a file of IDX images, if there is one.
fs::path labels_beside(const fs::path& images) {
  std::string name = images.filename().string();
  const std::size_t at = name.find("images-idx3");
  if (at == std::string::npos) return {};
  const fs::path labels = images.parent_path() / name.replace(at, 11, "labels-idx1");
  return fs::is_regular_file(labels) ? labels : fs::path();
}

Images load_png(const fs::path& file, const Shape& shape) {
  const bool colour = shape.size() == 3 && (shape[0] == 3 || shape[2] == 3);
  return read_png(file, colour ? 3 : 1);
}

Images load_folder(const fs::path& folder, const Shape& shape) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".png") files.push_back(entry.path());
  }
  if (files.empty()) base::fail(ErrorCode::kIo, folder.string() + ": holds no .png files");
  std::sort(files.begin(), files.end());
  Images images;
  for (const fs::path& file : files) append(images, load_file(file, shape));
  return images;
}

Images read_by_extension(const fs::path& file, const Shape& shape) {
  fs::path inner = file.extension() == ".gz" ? file.stem() : file.filename();
  const std::string extension = inner.extension().string();
  if (extension == ".png") return load_png(file, shape);
  if (extension == ".npy") return read_npy(file, shape);
  if (extension == ".csv") return read_csv(file);
  if (extension == ".bin" || file.string().ends_with(".med.xz")) return read_cifar(file);
  const fs::path labels = labels_beside(file);
  return labels.empty() ? read_idx_images(file) : read_idx(file, labels);
}

}  // namespace

SetName parse_set_name(std::string_view text) {
  const std::size_t colon = std::min(text.find(':'), text.size());
  SetName set{manifest_set(text.substr(0, colon)).name, Split::kTest};
  const std::string_view split = text.substr(std::min(colon + 1, text.size()));
  if (colon == text.size()) {
    if (set.name == "digits") set.split = Split::kVal;
  } else if (split == "train") {
    set.split = Split::kTrain;
  } else if (split == "val") {
    set.split = Split::kVal;
  } else if (split != "test") {
    base::fail(ErrorCode::kInvalidArgument,
               "there is no split '" + std::string(split) + "'; splits are train, val and test");
  }
  return set;
}

bool is_set_name(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(':'));
  return std::any_of(manifest().begin(), manifest().end(),
                     [&](const ManifestSet& set) { return set.name == name; });
}

Images load_set(const SetName& set, const Folders& folders, std::size_t count) {
  if (set.name == "digits") return load_digits(set, folders, count);
  if (set.name == "cifar10") return load_cifar(set, folders, count);
  if (set.name == "pneumoniamnist") return load_pneumonia(set, folders, count);
  return load_mnist(set, folders, count);
}

Images load_file(const fs::path& file, const Shape& shape) {
  std::error_code status;
  if (fs::is_directory(file, status)) return load_folder(file, shape);
  return conform(read_by_extension(file, shape), shape, file.string());
}

Images load(const std::string& name_or_path, const Shape& shape, const Folders& folders,
            std::size_t count) {
  if (is_set_name(name_or_path)) {
    return conform(load_set(parse_set_name(name_or_path), folders, count), shape, name_or_path);
  }
  std::error_code status;
  if (!fs::exists(name_or_path, status)) {
    base::fail(ErrorCode::kIo, name_or_path +
                                   ": is neither a file nor the name of a data set (digits, mnist, "
                                   "fashion-mnist, cifar10, pneumoniamnist)");
  }
  return slice(load_file(name_or_path, shape), 0, count);
}

std::vector<std::string> class_names(std::string_view set) {
  if (set == "cifar10") {
    return {"airplane", "automobile", "bird",  "cat",  "deer",
            "dog",      "frog",       "horse", "ship", "truck"};
  }
  if (set == "fashion-mnist") {
    return {"T-shirt", "trouser", "pullover", "dress", "coat",
            "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};
  }
  if (set == "pneumoniamnist") return {"normal", "pneumonia"};
  return {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
}

}  // namespace serdab::datasets
