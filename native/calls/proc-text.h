// The text of /proc/PID/maps and smaps, into columns. It is C++ because the kernel writes a line of maps in 0.13 microseconds, and
// reading it must not take longer. TypeScript knows what a column means.
#pragma once

#include <cstddef>
#include <cstdint>

namespace vmarea {

// A row of the table, as `src/linux/proc/maps-table.ts` reads it. Positions count from the start of the bytes.
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
  uint32_t usage_number;  // the number of the usage, which rows of one call share where it is equal
  uint32_t next;          // the next row that is first with its name or its flags, or UINT32_MAX
  uint32_t unused;        // rows begin at eight bytes
};
static_assert(sizeof(Row) == 88, "22 words");

using Text = const uint8_t*;

}  // namespace vmarea
