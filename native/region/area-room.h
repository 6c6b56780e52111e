// Areas that the library leaves to the rest of the process: the engine ends the process where the kernel refuses it one.
#pragma once

namespace vmarea {

// Whether this process may have so many areas more that the engine still gets its own (`vm.max_map_count`). Counts the areas where many
// calls could have come near the limit since the last count. The table's lock is held.
bool has_area_room_locked();

}  // namespace vmarea
