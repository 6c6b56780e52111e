// Absences: moments in which a page of a region has no permission, because it is not registered with its userfaultfd yet. The library
// itself takes the permission and gives it back under the region table's lock, and an access of another thread meanwhile is retried.
#pragma once

#include "region/region.h"

namespace vmarea {

// Called by the lock's holder between the two.
void note_absence_locked(Region* region);

// In the signal handler, without the lock: whether the access may have met an absence. True once on each thread for each.
bool may_have_been_absent(uintptr_t address);

}  // namespace vmarea
