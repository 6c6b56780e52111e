// Areas and addresses kept back for the moment when the process may have no more of them (`vm.max_map_count`, RLIMIT_AS), and a fault
// needs some.
#pragma once

#include <cstddef>

namespace vmarea {

// Under the table's lock. Each of the two is one reservation that counts as many areas.
enum class Spare {
  kCover,    // for setting pages aside
  kRestore,  // for putting them back
};

// Takes what is not held, as far as there is room. `page` is the size of the pages that may have to be covered.
void take_spare_areas_locked(size_t page);
// Gives the areas back. False where they were given already.
bool give_spare_areas_locked(Spare spare);

}  // namespace vmarea
