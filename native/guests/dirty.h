// Which pages of a guest were written, by write protection: pages are installed protected, and the first write to one is noted.
#pragma once

#include "guests/guest.h"

namespace vmarea::guests {

inline bool is_dirty(const Guest& guest, size_t index) { return !guest.dirty.empty() && (guest.dirty[index / 64] >> index % 64 & 1) != 0; }
inline void mark_dirty(Guest& guest, size_t index) {
  if (!guest.dirty.empty()) guest.dirty[index / 64] |= uint64_t{1} << index % 64;
}

// Registers the guest's memory for write protection as well. Any thread may call it. Returns 0 or a negative error number.
int register_protection(const Guest& guest);

// These run on the server thread.
// Begins to note writes. Pages that were removed before are dirty.
void begin_dirty(Guest& guest);
// Marks the pages in [start, end) dirty, which were written before writes were noted.
void mark_written(Guest& guest, uint64_t start, uint64_t end);
// Lifts the protection of a page that was written. Returns false where it must be tried again.
bool unprotect(Guest& guest, const GuestRegion& region, uint64_t address);
// Copies the dirty bits to `dirty_copy` and reports it. With `reset` those pages are protected again and count as clean.
void copy_dirty(const GuestPointer& guest, bool reset);

}  // namespace vmarea::guests
