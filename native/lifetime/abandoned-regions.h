// Regions of threads that ended and could not unmap them: another thread held the layout lock for longer than an ending one may wait, or the
// kernel refused, as it does for the middle of an area at the limit of areas.
#pragma once

#include "addon/layout-lock.h"
#include "addon/thread-state.h"

namespace vmarea {

struct Region;

// Takes the region from its thread, which ends.
void abandon(Region* region);
// Tries to unmap them again.
void give_back_abandoned(ThreadState* state, int (*lock)(LayoutHolds*));

}  // namespace vmarea
