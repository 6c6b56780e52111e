// Answers to faults of guests, on the server thread.
#pragma once

#include "guests/guest.h"

namespace vmarea::guests {

// Installs pages at [start, start + length) with these bytes, or with zeros where there are none, and wakes the threads that wait for them.
// Passes over pages that are there already, and those whose memory is gone. Returns 0, -EAGAIN while the layout of the process changes (the
// pages before are installed), -EFAULT where the bytes can't be read, or -ESRCH where the process is gone.
int install(Guest& guest, const GuestRegion& region, uint64_t start, uint64_t length, const uint8_t* bytes, Outcome outcome);

// Each of these returns false where the fault must be tried again.
// Poisons a page that could not be read, or kills the monitor, and reports `error`.
bool fail_page(Guest& guest, const GuestRegion& region, uint64_t address, int error);
bool answer_fault(const GuestPointer& guest, const WaitingFault& fault);
// Installs the next pages of the ranges to prefetch. Returns whether there is more to do at once.
bool prefetch_some(const GuestPointer& guest);

// Reports the end of the prefetching once, when nothing of it is in flight.
void report_prefetched(Guest& guest);

void wake(const Guest& guest, uint64_t start, uint64_t length);

}  // namespace vmarea::guests
