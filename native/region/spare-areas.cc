#include "region/spare-areas.h"

#include <sys/mman.h>
#include <unistd.h>

#include "region/cover-table.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

struct Reservation {
  size_t areas;
  char* start;
  size_t split;  // up to here it is split into areas
};

// Covering the first page of a region takes up to eight areas, each further one up to four. Putting back takes four for a moment.
Reservation reservations[] = {{16, nullptr, 0}, {8, nullptr, 0}};

// Addresses for covering a huge page: for the cover or the copy, and as much to align it.
char* huge_addresses = nullptr;
size_t huge_length = 0;

void take_huge(size_t page) {
  size_t length = 2 * page;
  if (length <= huge_length) return;
  void* start = mmap(nullptr, length, PROT_NONE, kNothing, -1, 0);
  if (start == MAP_FAILED) return;
  if (huge_addresses != nullptr) munmap(huge_addresses, huge_length);
  huge_addresses = static_cast<char*>(start);
  huge_length = length;
}

bool give_huge() {
  if (huge_addresses == nullptr) return false;
  munmap(huge_addresses, huge_length);
  huge_addresses = nullptr;
  huge_length = 0;
  return true;
}

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

void take_spare_areas_locked(size_t page) {
  // What puts back comes first: without it a covered page would be lost.
  take(&reservations[static_cast<int>(Spare::kRestore)]);
  take(&reservations[static_cast<int>(Spare::kCover)]);
  prepare_cover_table_locked();
  if (page > static_cast<size_t>(sysconf(_SC_PAGESIZE))) take_huge(page);
}

bool give_spare_areas_locked(Spare spare) {
  Reservation* reservation = &reservations[static_cast<int>(spare)];
  bool huge = spare == Spare::kCover && give_huge();
  if (reservation->start == nullptr) return huge;
  munmap(reservation->start, reservation->areas * static_cast<size_t>(sysconf(_SC_PAGESIZE)));
  reservation->start = nullptr;
  return true;
}

}  // namespace vmarea
