#include "calls/proc-text.h"

#include <errno.h>
#include <string.h>

#include "addon/callback.h"
#include "addon/function-tables.h"
#include "calls/smaps-body.h"

namespace vmarea {
namespace {

constexpr uint32_t kNone = UINT32_MAX;
constexpr size_t kNameColumn = 73;  // seq_setwidth in the kernel's show_map_vma

// Texts of earlier rows, to recognize a repeated one without keeping it.
class SeenTexts {
 public:
  uint32_t row_of(Text base, uint32_t from, uint32_t to, uint32_t row) {
    for (size_t back = 0; back < kSize && back < count_; back++) {
      const Entry& entry = entries_[(count_ - 1 - back) % kSize];
      if (entry.to - entry.from == to - from && memcmp(base + entry.from, base + from, to - from) == 0) return entry.row;
    }
    add(from, to, row);
    return row;
  }

  struct Entry {
    uint32_t from, to, row;
  };

  // The known text at `at`, or nullptr. No text may be a prefix of another.
  const Entry* standing_at(Text base, Text at, Text end) const {
    for (size_t back = 0; back < kSize && back < count_; back++) {
      const Entry& entry = entries_[(count_ - 1 - back) % kSize];
      size_t length = entry.to - entry.from;
      if (length <= static_cast<size_t>(end - at) && memcmp(base + entry.from, at, length) == 0) return &entry;
    }
    return nullptr;
  }

  void add(uint32_t from, uint32_t to, uint32_t row) { entries_[count_++ % kSize] = {from, to, row}; }

 private:
  static constexpr size_t kSize = 8;
  Entry entries_[kSize];
  size_t count_ = 0;
};

struct DigitTable {
  uint8_t value[256];
  constexpr DigitTable() : value() {
    for (int byte = 0; byte < 256; byte++) value[byte] = 255;
    for (int digit = 0; digit < 10; digit++) value['0' + digit] = static_cast<uint8_t>(digit);
    for (int digit = 0; digit < 6; digit++) value['a' + digit] = static_cast<uint8_t>(10 + digit);
  }
};
constexpr DigitTable kDigits;

// Reads digits. False where there are none, or too many for 64 bits. A newline must follow somewhere.
template <unsigned kBase>
bool number(Text& at, uint64_t* result) {
  uint64_t value = 0;
  Text first = at;
  for (uint8_t digit; (digit = kDigits.value[*at]) < kBase; at++) value = value * kBase + digit;
  *result = value;
  return at != first && at - first <= (kBase == 16 ? 16 : 20);
}

bool letter(uint8_t byte, uint8_t set, uint32_t bit, uint32_t* permissions) {
  if (byte == set) *permissions |= bit;
  return byte == set || byte == '-';
}

// One line of maps. Returns the start of the next line, or nullptr for a line that the kernel does not write.
Text read_header(Text base, Text line, Text end, Row* row) {
  // No number passes the newline, so nothing below has to look for the end.
  Text newline = static_cast<Text>(memchr(line, '\n', static_cast<size_t>(end - line)));
  if (newline == nullptr) return nullptr;
  Text at = line;
  uint64_t major = 0;
  uint64_t minor = 0;
  if (!number<16>(at, &row->start) || *at++ != '-' || !number<16>(at, &row->end) || *at++ != ' ') return nullptr;
  if (row->end <= row->start) return nullptr;
  if (newline - at < 5 || at[4] != ' ') return nullptr;
  row->permissions = 0;
  if (!letter(at[0], 'r', 1, &row->permissions) || !letter(at[1], 'w', 2, &row->permissions)) return nullptr;
  if (!letter(at[2], 'x', 4, &row->permissions) || (at[3] != 's' && at[3] != 'p')) return nullptr;
  if (at[3] == 's') row->permissions |= 8;
  at += 5;
  if (!number<16>(at, &row->offset) || *at++ != ' ' || !number<16>(at, &major) || *at++ != ':') return nullptr;
  if (!number<16>(at, &minor) || *at++ != ' ' || !number<10>(at, &row->inode)) return nullptr;
  row->major = static_cast<uint32_t>(major);
  row->minor = static_cast<uint32_t>(minor);
  // The line of an anonymous area may end right here, or in the space before its empty name.
  if (at != newline && *at++ != ' ') return nullptr;
  // A name may begin with a space itself, but never before its column; it begins later only after a very long number.
  while (at < line + kNameColumn && *at == ' ') at++;
  row->name_from = static_cast<uint32_t>(at - base);
  row->name_to = static_cast<uint32_t>(newline - base);
  return newline + 1;
}

// The kernel lists the areas a page of text at a time, and they may change in between. An area that was merged meanwhile with the one
// before it appears again with the new start: the part that was listed already is kept. Returns false where that is all of the area.
bool follows(Row* row, uint64_t* previous_end) {
  if (row->end <= *previous_end) return false;
  if (row->start < *previous_end) {
    if (row->inode != 0) row->offset += *previous_end - row->start;
    row->start = *previous_end;
  }
  *previous_end = row->end;
  return true;
}

// The input and output of a call: bytes, from, to, rows, first row.
struct Task {
  // Links the rows with a new name or new flags, so that TypeScript need not visit every row.
  void note(size_t row) {
    rows[row].next = kNone;
    (last == kNone ? first_new : rows[last].next) = static_cast<uint32_t>(row);
    last = static_cast<uint32_t>(row);
  }

  // Returns the number of rows, and in results where reading stopped and whether an unforeseen line is there.
  int64_t done(size_t row, Text at, bool unforeseen) {
    results[0] = static_cast<double>(at - base);
    results[1] = unforeseen ? 1 : 0;
    results[2] = first_new;
    return static_cast<int64_t>(row - first);
  }

  double* results;
  Text base;
  size_t from, to, first, capacity;
  Row* rows;
  uint64_t previous_end;  // of the area before the first
  uint32_t first_new = kNone;
  uint32_t last = kNone;
};

void take(Call& call, Task* task) {
  View<const uint8_t> bytes;
  View<Row> rows;
  take(call, &bytes);
  take(call, &task->from);
  take(call, &task->to);
  take(call, &rows);
  take(call, &task->first);
  task->results = call.state()->shared_results.results;
  task->previous_end = static_cast<uint64_t>(task->results[3]);
  task->base = bytes.data;
  task->rows = rows.data;
  task->capacity = rows.length;
  bool sound = task->from <= task->to && task->to <= bytes.length && task->first <= task->capacity && bytes.length < UINT32_MAX;
  if (!sound) call.refuse(-EINVAL);
}

// Whole lines.
int64_t parse_maps(Task task) {
  SeenTexts names;
  Text at = task.base + task.from;
  Text end = task.base + task.to;
  size_t row = task.first;
  while (at < end && row < task.capacity) {
    Row* target = &task.rows[row];
    Text next = read_header(task.base, at, end, target);
    if (next == nullptr) return task.done(row, at, true);
    at = next;
    if (!follows(target, &task.previous_end)) continue;
    uint32_t number = static_cast<uint32_t>(row);
    target->name_row = names.row_of(task.base, target->name_from, target->name_to, number);
    if (target->name_row == number) task.note(row);
    row++;
  }
  return task.done(row, at, false);
}

// Reads whole blocks. Stops before an incomplete one, and where rows or usage are full. `usage` receives the next usages by their number:
// its first entry is that of a multiple of its length.
int64_t parse_smaps(Task task, View<double> usage, size_t usage_count, View<const uint8_t> label_text) {
  SmapsLabels labels(label_text.data, label_text.length);
  size_t usage_capacity = usage.length / (labels.count() == 0 ? 1 : labels.count());
  if (usage_capacity == 0) return -EINVAL;
  size_t usage_place = usage_count % usage_capacity;
  SeenTexts names;
  SeenTexts flags;
  // Most of many areas were never touched or have one page: their bodies are equal byte by byte, and parsing one costs ten times as much
  // as comparing it.
  SeenTexts bodies;
  Text at = task.base + task.from;
  Text end = task.base + task.to;
  size_t row = task.first;
  while (at < end && row < task.capacity) {
    Row* target = &task.rows[row];
    Text body = read_header(task.base, at, end, target);
    if (body == nullptr) return task.done(row, at, true);
    uint32_t number = static_cast<uint32_t>(row);
    Text next;
    if (const SeenTexts::Entry* same = bodies.standing_at(task.base, body, end)) {
      next = body + (same->to - same->from);
      target->usage_number = task.rows[same->row].usage_number;
      target->flags_row = task.rows[same->row].flags_row;
    } else {
      if (usage_place == usage_capacity) break;
      next = read_smaps_body(task.base, body, end, labels, target, usage.data + usage_place * labels.count());
      if (next == nullptr) break;
      bodies.add(static_cast<uint32_t>(body - task.base), static_cast<uint32_t>(next - task.base), number);
      usage_place++;
      target->usage_number = static_cast<uint32_t>(usage_count++);
      target->flags_row = flags.row_of(task.base, target->flags_from, target->flags_to, number);
    }
    at = next;
    if (!follows(target, &task.previous_end)) {
      // The next area gets this row, to which what was seen last refers.
      flags = bodies = SeenTexts();
      continue;
    }
    target->name_row = names.row_of(task.base, target->name_from, target->name_to, number);
    if (target->name_row == number || target->flags_row == number) task.note(row);
    row++;
  }
  task.results[3] = static_cast<double>(usage_count);
  return task.done(row, at, false);
}

constexpr Function kFunctions[] = {
    {"parseMaps", callback<parse_maps>},
    {"parseSmaps", callback<parse_smaps>},
};

}  // namespace

const FunctionTable kProcText(kFunctions);

}  // namespace vmarea
