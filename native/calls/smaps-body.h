// The lines of smaps after an area's header: its figures and its flags.
#pragma once

#include "calls/proc-text.h"

namespace vmarea {

// The labels of smaps that have a column, in the order of the columns: each ends with a colon.
class SmapsLabels {
 public:
  // The kernel pads a label to this width, and a number to half of it.
  static constexpr size_t kWidth = 16;
  static constexpr size_t kLine = 28;
  static constexpr size_t kMost = 64;

  struct Label {
    Text text;
    size_t length;
    uint8_t padded[kWidth];
  };

  SmapsLabels(Text text, size_t length);
  size_t count() const { return count_; }
  const Label& at(size_t column) const { return labels_[column]; }
  // The column of the line, or -1. The kernel writes the lines in a fixed order, so `expected` is tried first.
  int column_of(Text line, size_t length, size_t expected) const;

 private:
  Label labels_[kMost];
  size_t count_ = 0;
};

// Reads a body, up to and with VmFlags. Returns the start of the next block, or nullptr where this one is incomplete.
Text read_smaps_body(Text base, Text at, Text end, const SmapsLabels& labels, Row* row, double* usage);

}  // namespace vmarea
