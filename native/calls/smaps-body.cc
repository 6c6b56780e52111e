#include "calls/smaps-body.h"

#include <math.h>
#include <string.h>

namespace vmarea {
namespace {

constexpr char kVmFlags[] = "VmFlags:";
constexpr size_t kVmFlagsLength = sizeof kVmFlags - 1;

uint64_t load64(const void* from) {
  uint64_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

uint32_t load32(const void* from) {
  uint32_t value;
  memcpy(&value, from, sizeof value);
  return value;
}

double whole_number(Text at, Text end) {
  uint64_t value = 0;
  while (at < end && *at == ' ') at++;
  while (at < end && *at >= '0' && *at <= '9') value = value * 10 + (*at++ - '0');
  return static_cast<double>(value);
}

}  // namespace

SmapsLabels::SmapsLabels(Text text, size_t length) {
  Text end = text + length;
  while (text < end && count_ < kMost) {
    Text colon = static_cast<Text>(memchr(text, ':', static_cast<size_t>(end - text)));
    if (colon == nullptr) break;
    Label& label = labels_[count_++];
    label.text = text;
    label.length = static_cast<size_t>(colon + 1 - text);
    memset(label.padded, ' ', kWidth);
    memcpy(label.padded, text, label.length < kWidth ? label.length : kWidth);
    text = colon + 1;
  }
}

int SmapsLabels::column_of(Text line, size_t length, size_t expected) const {
  for (size_t tried = 0; tried < count_; tried++) {
    size_t column = (expected + tried) % count_;
    if (labels_[column].length > length || memcmp(line, labels_[column].text, labels_[column].length) != 0) continue;
    return static_cast<int>(column);
  }
  return -1;
}

Text read_smaps_body(Text base, Text at, Text end, const SmapsLabels& labels, Row* row, double* usage) {
  const uint32_t unit = load32(" kB\n");
  const uint64_t nought = load64("       0");
  uint64_t seen = 0;
  size_t expected = 0;
  while (at < end) {
    size_t left = static_cast<size_t>(end - at);
    // The usual form of a line: label, eight characters of number, unit.
    if (left >= SmapsLabels::kLine && expected < labels.count() && load32(at + 24) == unit &&
        load64(at) == load64(labels.at(expected).padded) && load64(at + 8) == load64(labels.at(expected).padded + 8)) {
      usage[expected] = load64(at + 16) == nought ? 0 : whole_number(at + 16, at + 24);
      seen |= uint64_t{1} << expected++;
      at += SmapsLabels::kLine;
      continue;
    }
    if (left > kVmFlagsLength && memcmp(at, kVmFlags, kVmFlagsLength) == 0) {
      Text newline = static_cast<Text>(memchr(at, '\n', left));
      if (newline == nullptr) return nullptr;
      row->flags_from = static_cast<uint32_t>(at + kVmFlagsLength - base);
      row->flags_to = static_cast<uint32_t>(newline - base);
      for (size_t column = 0; column < labels.count(); column++)
        if ((seen >> column & 1) == 0) usage[column] = NAN;
      return newline + 1;
    }
    int column = labels.column_of(at, left, expected);
    if (column >= 0) {
      expected = static_cast<size_t>(column) + 1;
      usage[column] = whole_number(at + labels.at(static_cast<size_t>(column)).length, end);
      seen |= uint64_t{1} << column;
    }
    at = static_cast<Text>(memchr(at, '\n', left));
    if (at == nullptr) return nullptr;
    at++;
  }
  return nullptr;
}

}  // namespace vmarea
