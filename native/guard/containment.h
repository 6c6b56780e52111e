// A fault in a region is contained: the page is covered (guard/covers.h), the access continues, and the fault is recorded for the thread
// that owns the region. Functions that end in _locked require the table's lock.
#pragma once

#include <cstddef>

#include "region/region.h"

namespace vmarea {

// In the signal handler: covers the page and records the fault. False where no region contains the address.
bool contain_fault(Fault fault);
// The same for a fault whose page need not be retried.
bool contain_certain_fault(const Fault& fault);

// Changes the reason to read-only for a refused write to a readable page.
void tell_read_only(Fault* fault);

// Marks the region's fault as answered.
void settle_locked(Region* region);

}  // namespace vmarea
