#pragma once

#include "guests/guest.h"

namespace vmarea::guests {

// Reads what the userfaultfd of a guest has: notes its faults, and applies removals, before any of the faults is answered.
void take_events(const GuestPointer& guest);

// Answers the faults that were read. Those that must be tried again stay.
void answer_waiting(const GuestPointer& guest);

// Raises the states of the whole pages in [start, end).
void mark_pages(Guest& guest, PageState state, uint64_t start, uint64_t end);

}  // namespace vmarea::guests
