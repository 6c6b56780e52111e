#include "containment.h"

#include <sys/mman.h>
#include <unistd.h>

#include "guarded-copy.h"
#include "move-page.h"
#include "noted-faults.h"
#include "present-memory.h"
#include "region-table.h"
#include "shown-pages.h"
#include "spare-areas.h"
#include "userfaultfd.h"
#include "wait-for-page.h"
#include "watched-memory.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace vmarea {
namespace {

size_t bitmap_bytes(const Region* region) { return (region->length() / region->page + 63) / 64 * 8; }

// Near a limit of address space there is no window for a large region: then each page has a place of its own.
size_t places_bytes(const Region* region) { return region->length() / region->page * sizeof(uintptr_t); }

// What waits has a page of nothing on either side. A page that was never written and lay beside a stranger's written ones would become
// one area with them, keep their mark when it moves back, and never be one area with its own neighbours again.
size_t margin() { return static_cast<size_t>(sysconf(_SC_PAGESIZE)); }

void unmap_waiting(uintptr_t place, size_t length) { munmap(at(place - margin()), length + 2 * margin()); }

bool prepare_places_locked(Region* region) {
  void* places = mmap(nullptr, places_bytes(region), PROT_READ | PROT_WRITE, kNothing, -1, 0);
  if (places != MAP_FAILED) region->places = static_cast<uintptr_t*>(places);
  return region->places != nullptr;
}

// Where a page's true memory waits or will wait; 0 where there is no place for it.
uintptr_t place_locked(Region* region, size_t page) {
  if (region->places == nullptr) return region->aside + page * region->page;
  if (region->places[page] == 0) {
    void* place = mmap(nullptr, region->page + 2 * margin(), PROT_NONE, kNothing, -1, 0);
    if (place != MAP_FAILED) region->places[page] = reinterpret_cast<uintptr_t>(place) + margin();
  }
  return region->places[page];
}

// Reserves the window for true pages and the bitmap of covered ones, on a region's first fault.
bool prepare_aside_locked(Region* region) {
  if (region->covered == nullptr) {
    void* bitmap = mmap(nullptr, bitmap_bytes(region), PROT_READ | PROT_WRITE, kNothing, -1, 0);
    if (bitmap == MAP_FAILED) return false;
    region->covered = static_cast<uint64_t*>(bitmap);
  }
  if (region->aside != 0 || region->places != nullptr) return true;
  // Huge pages move only to places aligned as they are: reserve one more, and cut the ends off.
  size_t slack = region->page - margin();
  void* window = mmap(nullptr, region->length() + slack + 2 * margin(), PROT_NONE, kNothing, -1, 0);
  if (window == MAP_FAILED) return slack == 0 && prepare_places_locked(region);
  uintptr_t first = reinterpret_cast<uintptr_t>(window) + margin();
  uintptr_t aligned = (first + slack) & ~(static_cast<uintptr_t>(region->page) - 1);
  if (aligned > first) munmap(window, aligned - first);
  if (first + slack > aligned) munmap(at(aligned + region->length() + margin()), first + slack - aligned);
  region->aside = aligned;
  return true;
}

// Without room for it the page would be lost.
Moved put_back(uintptr_t place, uintptr_t address, size_t length) {
  Moved moved = move_page(place, address, length);
  return moved == Moved::kNo && give_spare_areas_locked(Spare::kRestore) ? move_page(place, address, length) : moved;
}

bool cover_locked(Region* region, size_t page, const Fault& fault) {
  uintptr_t address = region->start + page * region->page;
  void* cover = mmap(nullptr, region->page, PROT_READ | PROT_WRITE, kNothing, -1, 0);
  if (cover == MAP_FAILED) return false;
  // A write to a page that can be read: what reads on sees what was there. No access here may wait for the server of a userfaultfd,
  // who may wait for the table's lock.
  if (fault.reason == kReadOnly && !is_hidden_locked(address)) {
    Fault ignored;
    NoWaiting no_waiting;
    if (userfaultfd_contexts.load() > 0) copy_present(cover, address, region->page);
    else guarded_copy(cover, at(address), region->page, &ignored);
  }
  uintptr_t place = prepare_aside_locked(region) ? place_locked(region, page) : 0;
  if (place != 0 && conceal_page_locked(address, region->page) == 0) {
    auto put_cover = [&] {
      return mremap(cover, region->page, region->page, MREMAP_MAYMOVE | MREMAP_FIXED, at(address)) != MAP_FAILED;
    };
    if (move_page(address, place, region->page) != Moved::kNo) {
      if (put_cover() || (give_spare_areas_locked(Spare::kCover) && put_cover())) {
        region->covered[page / 64] |= uint64_t{1} << (page % 64);
        region->covered_pages++;
        region->cover_changes++;
        return true;
      }
      put_back(place, address, region->page);
    }
    hide_returned_page_locked(address, region->page);
  }
  munmap(cover, region->page);
  return false;
}

void record_locked(Region* region, const Fault& fault) {
  region->faults++;
  region->unanswered++;
  if (!region->hole && !region->unsettled) {
    region->unsettled = true;
    region->first = fault;
    region->owner->mailbox.unsettled.fetch_add(1);
  }
  ThreadState* here = current_thread_state;
  if (here == nullptr) return note_for_owner_locked(region, fault);
  int32_t number = here->mailbox.contained.fetch_add(1) + 1;
  here->last_fault = fault;
  // A thread without a bell handed out no views: this is another thread's buffer, and only that thread can report its fault.
  if (here->bell < 0 && here != region->owner) return note_for_owner_locked(region, fault);
  if (here->noted.push({fault, region->hole ? 0 : region->handle, region->owner, region->settlements, number})) ring_bell_locked(here);
  else note_for_owner_locked(region, fault);
}

bool give_memory_locked(Region* region, size_t page, const Fault& fault) {
  if (!region->hole) return cover_locked(region, page, fault);
  void* place = at(region->start + page * region->page);
  return mmap(place, region->page, PROT_READ | PROT_WRITE, kNothing | MAP_FIXED, -1, 0) != MAP_FAILED;
}

bool contain_locked(Region* region, size_t page, Fault fault) {
  if (region->hole) fault.reason = kUnmapped;
  // Where another thread was here first, this one goes on with its cover, which is a fault of this one as well.
  bool covered = covered_locked(region, page) || give_memory_locked(region, page, fault);
  // It may be the room for areas that is missing.
  if (!covered && give_spare_areas_locked(Spare::kCover)) covered = give_memory_locked(region, page, fault);
  if (!covered) return false;
  record_locked(region, fault);
  return true;
}

}  // namespace

bool covered_locked(const Region* region, size_t page) {
  return region->covered != nullptr && (region->covered[page / 64] >> (page % 64) & 1) != 0;
}

void drop_aside_locked(Region* region) {
  if (region->aside != 0 && !region->aside_shared_with_stranger) unmap_waiting(region->aside, region->length());
  if (region->places != nullptr) {
    for (size_t page = 0; region->covered_pages > 0; page++) {
      if (!covered_locked(region, page)) continue;
      unmap_waiting(region->places[page], region->page);
      region->covered_pages--;
    }
    munmap(region->places, places_bytes(region));
  }
  if (region->covered != nullptr) munmap(region->covered, bitmap_bytes(region));
  region->aside = 0;
  region->aside_shared_with_stranger = false;
  region->places = nullptr;
  region->covered = nullptr;
  region->covered_pages = 0;
}

void uncover_locked(Region* region, size_t page) {
  uintptr_t kept = place_locked(region, page);
  Moved moved = put_back(kept, region->start + page * region->page, region->page);
  if (region->places != nullptr) {
    munmap(at(kept - margin()), margin());
    munmap(at(kept + region->page), margin());
    // What moved away whole has left addresses that may be somebody else's by now.
    if (moved == Moved::kKept) munmap(at(kept), region->page);
    region->places[page] = 0;
  } else if (moved == Moved::kHole &&
      mmap(at(kept), region->page, PROT_NONE, kNothing | MAP_FIXED_NOREPLACE, -1, 0) != at(kept)) {
    region->aside_shared_with_stranger = true;
  }
  restore_userfaultfd_range(region->start + page * region->page, region->page);
  hide_returned_page_locked(region->start + page * region->page, region->page);
  region->covered[page / 64] &= ~(uint64_t{1} << (page % 64));
  region->cover_changes++;
  if (--region->covered_pages == 0) drop_aside_locked(region);
}

void uncover_all_locked(Region* region) {
  size_t words = bitmap_bytes(region) / 8;
  for (size_t word = 0; word < words && region->covered_pages > 0; word++)
    while (region->covered_pages > 0 && region->covered[word] != 0)
      uncover_locked(region, word * 64 + static_cast<size_t>(__builtin_ctzll(region->covered[word])));
}

void settle_locked(Region* region) {
  region->settlements++;
  region->unanswered = 0;
  if (!region->unsettled) return;
  region->unsettled = false;
  region->owner->mailbox.unsettled.fetch_sub(1);
}

void tell_read_only(Fault* fault) {
  if (fault->access == 1 && fault->reason == kNoAccess && is_read_only(fault->address)) fault->reason = kReadOnly;
}

bool contain_certain_fault(const Fault& fault) {
  TableLock lock;
  Region* region = find_locked(fault.address);
  return region != nullptr && contain_locked(region, (fault.address - region->start) / region->page, fault);
}

bool contain_fault(Fault fault) {
  {
    TableLock lock;
    Region* region = find_locked(fault.address);
    if (region == nullptr) return false;
    size_t page = (fault.address - region->start) / region->page;
    if (region->hole || covered_locked(region, page)) return contain_locked(region, page, fault);
  }
  // The page has become what the access wants: try again. Where that waits for a server, it does so without the lock, as the access.
  if (guarded_touch(fault.address, fault.access == 1)) return true;
  tell_read_only(&fault);
  TableLock lock;
  Region* region = find_locked(fault.address);
  // What was unmapped meanwhile is no region's any more, and the access finds that out itself.
  if (region == nullptr) return true;
  return contain_locked(region, (fault.address - region->start) / region->page, fault);
}

}  // namespace vmarea
