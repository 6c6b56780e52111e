#pragma once

#include "addon/thread-state.h"

namespace vmarea {

// Whether another area leaves the engine enough of them (region/area-room.h). Where it does not, asks the engine to collect buffers and
// mappings that nothing reaches: Node frees some of them at once, and the others when the event loop turns. The caller holds no lock.
bool leaves_room(ThreadState* state);

}  // namespace vmarea
