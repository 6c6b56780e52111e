#include "spare-areas.h"

#include <sys/mman.h>
#include <unistd.h>

#include "region-table.h"

namespace vmarea {
namespace {

struct Reservation {
  size_t areas;
  char* start;
  size_t split;  // up to here it is split into areas
};

// Covering the first page of a region takes up to eight areas, each further one up to four. Putting back takes four for a moment.
Reservation reservations[] = {{16, nullptr, 0}, {8, nullptr, 0}};

// Every second page has another permission, and so none is one area with its neighbours. Near the limit a part of it is better than none.
void take(Reservation* reservation) {
  size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  size_t length = reservation->areas * page;
  if (reservation->start == nullptr) {
    void* start = mmap(nullptr, length, PROT_NONE, kNothing, -1, 0);
    if (start == MAP_FAILED) return;
    reservation->start = static_cast<char*>(start);
    reservation->split = page;
  }
  while (reservation->split < length && mprotect(reservation->start + reservation->split, page, PROT_READ) == 0)
    reservation->split += 2 * page;
}

}  // namespace

void take_spare_areas_locked() {
  // What puts back comes first: without it a covered page would be lost.
  take(&reservations[static_cast<int>(Spare::kRestore)]);
  take(&reservations[static_cast<int>(Spare::kCover)]);
}

bool give_spare_areas_locked(Spare spare) {
  Reservation* reservation = &reservations[static_cast<int>(spare)];
  if (reservation->start == nullptr) return false;
  munmap(reservation->start, reservation->areas * static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  reservation->start = nullptr;
  return true;
}

}  // namespace vmarea
