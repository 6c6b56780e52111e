// A fault in a region is contained: the page is set aside, a private one is put in its place, the access goes on, and the fault is
// recorded for whoever has to know. Functions that end in _locked want the table's lock.
#pragma once

#include <cstddef>

#include "region.h"

namespace vmarea {

// In the signal handler: covers the page and records the fault. False where the address is not ours.
bool contain_fault(Fault fault);
// Likewise for a fault whose page need not be tried again.
bool contain_certain_fault(const Fault& fault);

// A write that was refused, to a page that can be read, is told as that.
void tell_read_only(Fault* fault);

bool covered_locked(const Region* region, size_t page);
// Puts the true page back.
void uncover_locked(Region* region, size_t page);
void uncover_all_locked(Region* region);
// Lets go of what was set aside: the region's memory goes, or nothing is covered any more.
void drop_aside_locked(Region* region);
// The region's unanswered fault is answered.
void settle_locked(Region* region);

}  // namespace vmarea
