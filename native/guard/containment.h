// A fault in a region is contained: the page is covered (guard/covers.h), the access goes on, and the fault is recorded for the thread that
// owns the region. Functions that end in _locked require the table's lock.
#pragma once

#include <cstddef>

#include "region/region.h"

namespace vmarea {

// In the signal handler: covers the page and records the fault. False where the address is not ours.
bool contain_fault(Fault fault);
// Likewise for a fault whose page need not be tried again.
bool contain_certain_fault(const Fault& fault);

// A write that was refused, to a page that can be read, is told as that.
void tell_read_only(Fault* fault);

// The region's unanswered fault is answered.
void settle_locked(Region* region);

}  // namespace vmarea
