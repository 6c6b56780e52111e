// Memory areas kept back for the moment when the process has no room for one more (`vm.max_map_count`), and a fault needs some.
#pragma once

namespace vmarea {

// Under the table's lock. Each of the two is one reservation that counts as many areas.
enum class Spare {
  kCover,    // for setting pages aside
  kRestore,  // for putting them back
};

// Takes what is not held, as far as there is room.
void take_spare_areas_locked();
// Gives the areas back. False where they were given already.
bool give_spare_areas_locked(Spare spare);

}  // namespace vmarea
