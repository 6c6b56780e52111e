#include "region/spare-areas.h"

#include <sys/mman.h>

#include <algorithm>

#include "page/page-size.h"
#include "region/cover-table.h"
#include "region/region-table.h"

namespace vmarea {
namespace {

struct Reservation {
  size_t areas;
  char* start;
  size_t split;  // the end of the part that is split into areas
};

// Covering the first page of a region requires up to eight areas, each further page up to four. Putting back requires four for a moment.
Reservation reservations[] = {{16, nullptr, 0}, {8, nullptr, 0}};

// Addresses for a cover and its place, and more: a process above its limit gets no address until it is below, and the engine may have
// grown above a limit that was lowered meanwhile. They cost addresses alone.
constexpr size_t kLeastAddresses = 32 << 20;
char* addresses = nullptr;
size_t addresses_length = 0;

void give_addresses() {
  if (addresses != nullptr) munmap(addresses, addresses_length);
  addresses = nullptr;
  addresses_length = 0;
}

// A huge page requires its own size for its cover or copy, and the same again to align it.
void take_addresses(size_t page) {
  size_t length = std::max(kLeastAddresses, 2 * page);
  if (length <= addresses_length) return;
  void* start = mmap(nullptr, length, PROT_NONE, kNothing, -1, 0);
  if (start == MAP_FAILED) return;
  give_addresses();
  addresses = static_cast<char*>(start);
  addresses_length = length;
}

// Every second page has another permission, so that no two merge. Near the limit a part of the reservation is better than none.
void take(Reservation* reservation) {
  size_t page = page_size();
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
  // Reserve for putting back first: without it a covered page would be lost.
  take(&reservations[static_cast<int>(Spare::kRestore)]);
  take(&reservations[static_cast<int>(Spare::kCover)]);
  prepare_cover_table_locked();
  take_addresses(page);
}

bool give_spare_areas_locked(Spare spare) {
  Reservation* reservation = &reservations[static_cast<int>(spare)];
  bool gave = addresses != nullptr;
  give_addresses();
  if (reservation->start == nullptr) return gave;
  munmap(reservation->start, reservation->areas * page_size());
  reservation->start = nullptr;
  return true;
}

}  // namespace vmarea
