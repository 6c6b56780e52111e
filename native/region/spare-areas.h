// Areas and addresses in reserve for a fault in a process that may have no more of them (`vm.max_map_count`, RLIMIT_AS).
#pragma once

#include <cstddef>

namespace vmarea {

// The table's lock guards them. Each of the two is one reservation that counts as many areas.
enum class Spare {
  kCover,    // for setting pages aside
  kRestore,  // for putting them back
};

// Fills both reserves as far as the limits allow. `page` is the size of the pages that may have to be covered.
void take_spare_areas_locked(size_t page);
// Frees the areas of a reserve. False where it is empty.
bool give_spare_areas_locked(Spare spare);

}  // namespace vmarea
