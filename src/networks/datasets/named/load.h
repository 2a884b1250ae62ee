#pragma once

#include <cstddef>
#include <filesystem>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "networks/datasets/images.h"
#include "networks/datasets/named/search.h"

namespace serdab::datasets {

enum class Split { kTrain, kVal, kTest };

/// A named set and the part of it that is meant.
struct SetName {
  std::string name;
  Split split = Split::kTest;
};

/// Reads "NAME" or "NAME:SPLIT" with SPLIT train, val or test; test when left out, val for digits,
/// which have no test. Throws base::Error (kInvalidArgument) for unknown names and splits.
SetName parse_set_name(std::string_view text);

/// True if the text before a ':' is the name of a set.
bool is_set_name(std::string_view text);

inline constexpr std::size_t kAllImages = std::numeric_limits<std::size_t>::max();

/// The first `count` images of a split, with labels; pixels in [0, 1]. mnist and fashion-mnist: val
/// is the last 10,000 images of the training files; cifar10: data_batch_5.bin; pneumoniamnist: its
/// validation files (or pneumoniamnist.npz); digits: the last 450 rows. train is the rest of the
/// training files.
Images load_set(const SetName& set, const std::vector<std::filesystem::path>& folders,
                std::size_t count = kAllImages);

/// Images of a file by its extension: .png, .npy, .csv(.gz), .bin and .med.xz (CIFAR), otherwise
/// IDX(.gz; labels are taken from the file beside it whose name has "labels-idx1" for
/// "images-idx3", if there); with the shape that a network takes. A folder gives all its .png
/// files, sorted by name.
Images load_file(const std::filesystem::path& file, const Shape& shape);

/// load_set for a set's name, else load_file; conformed to `shape`, at most `count` images.
Images load(const std::string& name_or_path, const Shape& shape,
            const std::vector<std::filesystem::path>& folders, std::size_t count = kAllImages);

/// Names of the classes in the order of the labels; "0" … "9" for digits.
std::vector<std::string> class_names(std::string_view set);

}  // namespace serdab::datasets
