// The text of /proc/PID/maps and smaps, into columns. It is here and not in TypeScript because the kernel writes a line of maps in
// 0.13 microseconds: reading it must not take longer than writing it. What a column means is TypeScript's.
#include "proc-text.h"

#include <math.h>
#include <string.h>

#include "thread-state.h"

namespace vmarea {
namespace {

// A row of the table, as `src/linux/proc/maps-table.ts` reads it. Places count from the beginning of the bytes.
struct Row {
  uint64_t start;
  uint64_t end;
  uint64_t offset;
  uint64_t inode;
  uint32_t major;
  uint32_t minor;
  uint32_t permissions;  // PROT_*, and 8 for shared
  uint32_t name_from;
  uint32_t name_to;
  uint32_t name_row;     // the first row of this call that has the same name
  uint32_t name_number;  // TypeScript's, in the first row
  uint32_t flags_from;
  uint32_t flags_to;
  uint32_t flags_row;     // likewise for the flags of smaps
  uint32_t flags_number;  // likewise
  uint32_t usage_number;  // of the usage, which rows of one call share where it is the same
  uint32_t next;          // the next row that is first with its name or its flags, or kNone
  uint32_t unused;        // rows begin at eight bytes
};
static_assert(sizeof(Row) == 88, "22 words");

constexpr uint32_t kNone = UINT32_MAX;

constexpr size_t kNameColumn = 73;  // seq_setwidth in the kernel's show_map_vma

using Text = const uint8_t*;

// Texts met before, to tell a repeated one without keeping it.
class Seen {
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

  // The text met before that stands at `at` now, or nullptr. None of the texts may be the beginning of another.
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

// Reads digits up to `after`, and steps over it. False where there are none, too many, or something else.
template <unsigned kBase>
bool number(Text& at, Text end, uint8_t after, uint64_t* result) {
  uint64_t value = 0;
  Text first = at;
  while (at < end && kDigits.value[*at] < kBase) value = value * kBase + kDigits.value[*at++];
  if (at == first || at - first > (kBase == 16 ? 16 : 20) || at >= end || *at != after) return false;
  at++;
  *result = value;
  return true;
}

bool letter(uint8_t byte, uint8_t set, uint32_t bit, uint32_t* permissions) {
  if (byte == set) *permissions |= bit;
  return byte == set || byte == '-';
}

// One line of maps. Answers where the next begins, or nullptr for a line that is none of the kernel's.
Text read_header(Text base, Text line, Text end, Row* row) {
  Text at = line;
  uint64_t major = 0;
  uint64_t minor = 0;
  row->permissions = 0;
  if (!number<16>(at, end, '-', &row->start) || !number<16>(at, end, ' ', &row->end)) return nullptr;
  if (end - at < 5 || at[4] != ' ') return nullptr;
  if (!letter(at[0], 'r', 1, &row->permissions) || !letter(at[1], 'w', 2, &row->permissions)) return nullptr;
  if (!letter(at[2], 'x', 4, &row->permissions) || (at[3] != 's' && at[3] != 'p')) return nullptr;
  if (at[3] == 's') row->permissions |= 8;
  at += 5;
  if (!number<16>(at, end, ' ', &row->offset) || !number<16>(at, end, ':', &major) || !number<16>(at, end, ' ', &minor)) return nullptr;
  row->major = static_cast<uint32_t>(major);
  row->minor = static_cast<uint32_t>(minor);
  row->inode = 0;
  Text inode = at;
  while (at < end && kDigits.value[*at] < 10) row->inode = row->inode * 10 + kDigits.value[*at++];
  if (at == inode || at - inode > 20 || at >= end) return nullptr;
  // An anonymous line may end in the space that parts it from no name.
  if (*at == ' ' && at + 1 < end && at[1] == '\n') at++;
  if (*at == '\n') {
    row->name_from = row->name_to = 0;
    return at + 1;
  }
  if (*at != ' ') return nullptr;
  at++;
  // The name may begin with a space of its own, but never before its column; it comes later only behind a very long number.
  while (at < end && at < line + kNameColumn && *at == ' ') at++;
  Text newline = static_cast<Text>(memchr(at, '\n', static_cast<size_t>(end - at)));
  if (newline == nullptr) return nullptr;
  row->name_from = static_cast<uint32_t>(at - base);
  row->name_to = static_cast<uint32_t>(newline - base);
  return newline + 1;
}

// The arguments that both readers share.
struct Task {
  Task(Call& call, ThreadState* state) : state(state) {
    size_t length = 0;
    base = call.bytes(0, &length);
    from = call.size(1);
    to = call.size(2);
    size_t room = 0;
    rows = reinterpret_cast<Row*>(call.bytes(3, &room));
    first = call.size(4);
    capacity = room / sizeof(Row);
    sound = from <= to && to <= length && first <= capacity && length < UINT32_MAX;
  }

  // Strings together the rows that have something new, so that nobody has to look at all of them.
  void note(size_t row) {
    rows[row].next = kNone;
    if (last == kNone)
      first_new = static_cast<uint32_t>(row);
    else
      rows[last].next = static_cast<uint32_t>(row);
    last = static_cast<uint32_t>(row);
  }

  // Answers the rows read, and in results where reading stopped and whether an unforeseen line stands there.
  napi_value done(Call& call, size_t row, Text at, bool unforeseen) {
    state->mailbox.results[0] = static_cast<double>(at - base);
    state->mailbox.results[1] = unforeseen ? 1 : 0;
    state->mailbox.results[2] = first_new;
    return call.result(static_cast<double>(row - first));
  }

  ThreadState* state;
  Text base;
  size_t from, to, first, capacity;
  Row* rows;
  bool sound;
  uint32_t first_new = kNone;
  uint32_t last = kNone;
};

// parseMaps(bytes, from, to, rows, firstRow): whole lines.
napi_value parse_maps(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Task task(call, thread_state_of(env));
  if (call.wrong() || !task.sound) return call.result(-22);
  Seen names;
  Text at = task.base + task.from;
  Text end = task.base + task.to;
  size_t row = task.first;
  for (; at < end && row < task.capacity; row++) {
    Row* target = &task.rows[row];
    Text next = read_header(task.base, at, end, target);
    if (next == nullptr) return task.done(call, row, at, true);
    uint32_t number = static_cast<uint32_t>(row);
    target->name_row = names.row_of(task.base, target->name_from, target->name_to, number);
    if (target->name_row == number) task.note(row);
    at = next;
  }
  return task.done(call, row, at, false);
}

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

// The labels of smaps that have a column, in the order of the columns: each ends with a colon.
class Labels {
 public:
  // The kernel pads a label to this width, and gives a number half of it.
  static constexpr size_t kWidth = 16;
  static constexpr size_t kLine = 28;
  static constexpr size_t kMost = 64;

  struct Label {
    Text text;
    size_t length;
    uint8_t padded[kWidth];
  };

  Labels(Text text, size_t length) {
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

  size_t count() const { return count_; }
  const Label& at(size_t column) const { return labels_[column]; }

  // The column of the line, or -1. The kernel keeps an order, so `expected` is tried first.
  int column_of(Text line, size_t length, size_t expected) const {
    for (size_t tried = 0; tried < count_; tried++) {
      size_t column = (expected + tried) % count_;
      if (labels_[column].length > length || memcmp(line, labels_[column].text, labels_[column].length) != 0) continue;
      return static_cast<int>(column);
    }
    return -1;
  }

 private:
  Label labels_[kMost];
  size_t count_ = 0;
};

constexpr char kVmFlags[] = "VmFlags:";
constexpr size_t kVmFlagsLength = sizeof kVmFlags - 1;

double whole_number(Text at, Text end) {
  uint64_t value = 0;
  while (at < end && *at == ' ') at++;
  while (at < end && kDigits.value[*at] < 10) value = value * 10 + kDigits.value[*at++];
  return static_cast<double>(value);
}

// The lines behind a header, up to and with VmFlags. Answers where the next block begins, or nullptr where this one is not whole.
Text read_body(Text base, Text at, Text end, const Labels& labels, Row* row, double* usage) {
  const uint32_t unit = load32(" kB\n");
  const uint64_t nought = load64("       0");
  uint64_t seen = 0;
  size_t expected = 0;
  while (at < end) {
    size_t left = static_cast<size_t>(end - at);
    // A line as the kernel mostly writes it: label, eight places, unit.
    if (left >= Labels::kLine && expected < labels.count() && load32(at + 24) == unit &&
        load64(at) == load64(labels.at(expected).padded) && load64(at + 8) == load64(labels.at(expected).padded + 8)) {
      usage[expected] = load64(at + 16) == nought ? 0 : whole_number(at + 16, at + 24);
      seen |= uint64_t{1} << expected++;
      at += Labels::kLine;
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

// parseSmaps(bytes, from, to, rows, firstRow, usage, usageCount, labels): whole lines. Stops before a block that is not whole, and where
// rows or usage are full. `usage` is where the next usages go, by number: it holds those of a multiple of its length on.
napi_value parse_smaps(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Task task(call, thread_state_of(env));
  size_t usage_room = 0;
  double* usage = reinterpret_cast<double*>(call.bytes(5, &usage_room));
  size_t label_length = 0;
  size_t usage_count = call.size(6);
  Text label_text = call.bytes(7, &label_length);
  if (call.wrong() || !task.sound) return call.result(-22);
  Labels labels(label_text, label_length);
  size_t usage_capacity = usage_room / sizeof(double) / (labels.count() == 0 ? 1 : labels.count());
  if (usage_capacity == 0) return call.result(-22);
  size_t usage_place = usage_count % usage_capacity;
  Seen names;
  Seen flags;
  // Of many areas most were never touched, or have one page: their bodies are the same to the letter, and reading one costs ten times
  // what comparing it does.
  Seen bodies;
  Text at = task.base + task.from;
  Text end = task.base + task.to;
  size_t row = task.first;
  for (; at < end && row < task.capacity; row++) {
    Row* target = &task.rows[row];
    Text body = read_header(task.base, at, end, target);
    if (body == nullptr) return task.done(call, row, at, true);
    uint32_t number = static_cast<uint32_t>(row);
    Text next;
    if (const Seen::Entry* same = bodies.standing_at(task.base, body, end)) {
      next = body + (same->to - same->from);
      target->usage_number = task.rows[same->row].usage_number;
      target->flags_row = task.rows[same->row].flags_row;
    } else {
      if (usage_place == usage_capacity) break;
      next = read_body(task.base, body, end, labels, target, usage + usage_place * labels.count());
      if (next == nullptr) break;
      bodies.add(static_cast<uint32_t>(body - task.base), static_cast<uint32_t>(next - task.base), number);
      usage_place++;
      target->usage_number = static_cast<uint32_t>(usage_count++);
      target->flags_row = flags.row_of(task.base, target->flags_from, target->flags_to, number);
    }
    target->name_row = names.row_of(task.base, target->name_from, target->name_to, number);
    if (target->name_row == number || target->flags_row == number) task.note(row);
    at = next;
  }
  task.state->mailbox.results[3] = static_cast<double>(usage_count);
  return task.done(call, row, at, false);
}

}  // namespace

const Function kProcTextFunctions[] = {
    {"parseMaps", parse_maps},
    {"parseSmaps", parse_smaps},
};
const size_t kProcTextFunctionCount = sizeof kProcTextFunctions / sizeof *kProcTextFunctions;

}  // namespace vmarea
