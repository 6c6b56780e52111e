#include "guard/covers.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "guard/area-at.h"
#include "guard/failing-run.h"
#include "guard/place.h"
#include "page/guarded-copy.h"
#include "page/newer-kernel.h"
#include "page/page-calls.h"
#include "page/page-entry.h"
#include "page/page-size.h"
#include "guard/present-memory.h"
#include "region/absence.h"
#include "region/region-table.h"
#include "guard/shown-pages.h"
#include "region/spare-areas.h"
#include "userfaultfd/userfaultfd.h"
#include "guard/wait-for-page.h"
#include "noted/watched-memory.h"

namespace vmarea {
namespace {

constexpr int kReadWrite = PROT_READ | PROT_WRITE;

// [from, from + length) stays an area of the same kind without pages: ours before and after. `to` is a place (invariant 2).
bool move_away(uintptr_t from, uintptr_t to, size_t length) {
  if (mremap(at(from), length, length, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, at(to)) != MAP_FAILED) return true;
  // Before Linux 5.13 only private anonymous memory moves like this. For shared memory an old length of 0 makes a second area; the file's
  // pages stay mapped until the cover replaces them.
  return errno == EINVAL && mremap(at(from), 0, length, MREMAP_MAYMOVE | MREMAP_FIXED, at(to)) != MAP_FAILED;
}

bool is_all_zeros(const void* memory, size_t length) {
  const uint64_t* words = static_cast<const uint64_t*>(memory);
  return std::all_of(words, words + length / sizeof *words, [](uint64_t word) { return word == 0; });
}

// The page that is to be covered, or the run of pages.
struct Page {
  Region* region;
  uintptr_t start;
  size_t length;
  AreaAt area;     // the kernel's record; all zeros where it was not read
  bool watched;
  bool write_protected;  // by a userfaultfd
};

bool is_huge(const Region* region) { return region->page > page_size(); }

int cover_protection(const Page& page) { return kReadWrite | (page.area.protection & PROT_EXEC); }

bool add(const Page& page, CoverKind kind, uintptr_t place) {
  uint8_t protection = static_cast<uint8_t>(page.area.protection);
  bool known = page.area.start < page.area.end;
  add_cover_locked({page.start, page.start + page.length, place, kind, protection, known, page.write_protected, page.watched, 0});
  page.region->cover_changes++;
  return true;
}

// Keeps the pages and makes them accessible. `copy` has their bytes, and becomes the cover's place.
bool cover_in_place(const Page& page, void* copy) {
  if (protect_pages(page.start, page.start + page.length, cover_protection(page)) != 0) return false;
  return add(page, CoverKind::kCopied, reinterpret_cast<uintptr_t>(copy));
}

// Maps plain memory over a page that is empty, or whose bytes are in a file. The address belongs to the region (invariant 2).
bool cover_by_replacing(const Page& page) {
  void* cover = mmap(at(page.start), page.length, cover_protection(page), kNothing | MAP_FIXED, -1, 0);
  return cover != MAP_FAILED && add(page, CoverKind::kReplaced, 0);
}

// Moves the page to a place, and `cover` to its address, which belongs to the region all the time (invariants 1 and 2).
bool cover_by_moving(const Page& page, void* cover) {
  uintptr_t place = new_place(page.length, page.region->page);
  if (place == 0) return false;
  if (conceal_page_locked(page.start, page.length) == 0) {
    if (move_away(page.start, place, page.length)) {
      auto put_cover = [&] {
        return mremap(cover, page.length, page.length, MREMAP_MAYMOVE | MREMAP_FIXED, at(page.start)) != MAP_FAILED;
      };
      if (put_cover() || (give_spare_areas_locked(Spare::kCover) && put_cover())) return add(page, CoverKind::kMoved, place);
      // The cover was not mapped. The area without pages still belongs to the region and counts as its cover (invariant 4): move the
      // pages back into it.
      add(page, CoverKind::kMoved, place);
      uncover_locked(page.region, *find_cover_locked(page.start));
      return false;
    }
    hide_returned_page_locked(page.start, page.length);
  }
  delete_place(place, page.length);
  return false;
}

// Copies the page's bytes where they may be read. No access here may wait for the server of a userfaultfd, because that may wait for the
// table's lock.
bool copy_page(void* target, const Page& page) {
  Fault ignored;
  NoWaiting no_waiting;
  size_t done = userfaultfd_contexts.load() > 0 ? copy_present(target, page.start, page.length)
                                                : guarded_copy(target, at(page.start), page.length, &ignored);
  return done == page.length;
}

// Huge pages can't move without freeing their addresses.
bool cover_huge(const Page& page, const Fault& fault) {
  bool bus = fault.reason == kPastEnd || fault.reason == kPoisoned;
  uint64_t entry = page_entry(page.start);
  bool has_own_bytes = (entry & kPagePresent) != 0 && !page.area.shared && (entry & kPageOfFile) == 0;
  // Anonymous shared memory has a file too (region-layout.cc), so every shared page can be mapped again.
  if (bus || !has_own_bytes) {
    // Keep the bytes readable.
    void* copy = fault.reason == kReadOnly ? new_memory(page.length, kReadWrite) : MAP_FAILED;
    bool copied = copy != MAP_FAILED && (entry & kPagePresent) != 0 && copy_page(copy, page);
    if (copied && (page.area.protection & PROT_EXEC) != 0) mprotect(copy, page.length, cover_protection(page));
    if (copied && mremap(copy, page.length, page.length, MREMAP_MAYMOVE | MREMAP_FIXED, at(page.start)) != MAP_FAILED)
      return add(page, CoverKind::kReplaced, 0);  // over the region's page (invariant 2)
    if (copy != MAP_FAILED) munmap(copy, page.length);
    return cover_by_replacing(page);
  }
  void* copy = new_memory(page.length, kReadWrite);
  if (copy == MAP_FAILED) return false;
  bool readable = (page.area.protection & PROT_READ) != 0;
  bool opened = readable || protect_pages(page.start, page.start + page.length, kReadWrite) == 0;
  if (opened && copy_page(copy, page) && cover_in_place(page, copy)) {
    if (!readable) {
      // Do not show bytes that may not be read.
      Fault ignored;
      void* nothing = new_memory(page.length, PROT_READ);
      if (nothing != MAP_FAILED) {
        guarded_copy(at(page.start), nothing, page.length, &ignored);
        munmap(nothing, page.length);
      }
    }
    return true;
  }
  if (opened && !readable) protect_pages(page.start, page.start + page.length, page.area.protection);
  munmap(copy, page.length);
  return false;
}

bool cover_locked(const Page& page, const Fault& fault) {
  if (page.region->hole) return cover_by_replacing(page);
  if (is_huge(page.region)) return cover_huge(page, fault);
  void* cover = new_memory(page.length, kReadWrite);
  if (cover == MAP_FAILED) return false;
  if (fault.reason == kReadOnly && !is_hidden_locked(page.start)) {
    // A write to a readable page: later reads see the old bytes.
    bool copied = copy_page(cover, page);
    bool in_place = copied && !page.watched && !page.area.shared && page.area.start < page.area.end && userfaultfd_contexts.load() == 0 &&
                    (page_entry(page.start) & kPageOfFile) == 0 && !is_all_zeros(cover, page.length);
    if (in_place && cover_in_place(page, cover)) return true;
    if ((page.area.protection & PROT_EXEC) != 0) mprotect(cover, page.length, cover_protection(page));
  }
  if (cover_by_moving(page, cover)) return true;
  munmap(cover, page.length);
  return page.region->file >= 0 && cover_by_replacing(page);
}

// Pages without bytes, which have to be moved: they are an area of the same kind when they come back.
bool cover_run(Region* region, uintptr_t start, uintptr_t end) {
  void* cover = new_memory(end - start, kReadWrite);
  if (cover == MAP_FAILED) return false;
  if (cover_by_moving({region, start, end - start, {}, false, false}, cover)) return true;
  munmap(cover, end - start);
  return false;
}

// Maps the replaced pages again, over the cover (invariant 2).
bool map_again(const Region* region, const Cover& cover, int protection) {
  if (region->hole) return mmap(at(cover.start), cover.length(), PROT_NONE, kNothing | MAP_FIXED, -1, 0) != MAP_FAILED;
  int flags = (region->map_flags & ~(MAP_POPULATE | MAP_FIXED_NOREPLACE)) | MAP_FIXED;
  off_t offset = region->file < 0 ? 0 : static_cast<off_t>(region->file_offset + static_cast<int64_t>(cover.start - region->start));
  auto map = [&](int with) { return mmap(at(cover.start), cover.length(), protection, with, region->file, offset) != MAP_FAILED; };
  // The pool may have assigned the reserved page to another process since.
  return map(flags) || map(flags | MAP_NORESERVE);
}

// `protection` is that of the pages for now.
bool put_back(const Region* region, const Cover& cover, int protection) {
  switch (cover.kind) {
    case CoverKind::kMoved:
      // Out of a place, over the cover (invariants 2 and 3).
      if (protection != cover.protection && protect_pages(cover.place, cover.place + cover.length(), protection) != 0) return false;
      return mremap(at(cover.place), cover.length(), cover.length(), MREMAP_MAYMOVE | MREMAP_FIXED, at(cover.start)) != MAP_FAILED;
    case CoverKind::kCopied: {
      Fault ignored;
      NoWaiting no_waiting;
      guarded_copy(at(cover.start), at(cover.place), cover.length(), &ignored);
      return mprotect(at(cover.start), cover.length(), cover.protection) == 0;
    }
    case CoverKind::kReplaced:
      return map_again(region, cover, protection);
  }
  return false;
}

// At the limit of areas or addresses, put the oldest cover back to make room, so that the pages of one instruction stay covered together.
bool give_up_oldest() {
  constexpr size_t kOfOneInstruction = 4;
  if (count_covers_locked() <= kOfOneInstruction) return false;
  const Cover* oldest = oldest_cover_locked();
  Region* region = find_locked(oldest->start);
  return region != nullptr && uncover_locked(region, *oldest) == 0;
}

}  // namespace

bool cover_page_locked(Region* region, uintptr_t start, const Fault& fault) {
  uintptr_t end = end_of_run_locked(region, start, fault);
  if (end > start + region->page) {
    // The kernel refuses a run of several areas.
    if (prepare_cover_table_locked() && cover_run(region, start, end)) return true;
    if (find_cover_locked(start) != nullptr) return false;
  }
  const WatchedRange* watched = find_watched_locked(start);
  Page page = {region, start, region->page, {}, watched != nullptr, false};
  bool may_be_served = userfaultfd_contexts.load() > 0;
  if (may_be_served) page.write_protected = (page_entry(start) & kPageProtected) != 0;
  // Only these ways of covering depend on the area, and the query takes time.
  if (!region->hole && (may_be_served || fault.reason == kReadOnly || is_huge(region) || region->file >= 0)) area_at(start, &page.area);
  if (watched != nullptr) page.area.protection = watched->protection;
  do {
    if (prepare_cover_table_locked() && cover_locked(page, fault)) return true;
    if (find_cover_locked(start) != nullptr) return false;
    if (give_spare_areas_locked(Spare::kCover) && prepare_cover_table_locked() && cover_locked(page, fault)) return true;
  } while (give_up_oldest());
  return false;
}

bool can_move_file_pages() {
  static const bool can = [] {
    int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (file < 0) return true;
    size_t length = page_size();
    void* from = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, file, 0);
    void* to = new_memory(length, PROT_NONE);
    close(file);
    // Both ranges are ours all the time.
    bool moves = from != MAP_FAILED && to != MAP_FAILED &&
                 (mremap(from, length, length, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) != MAP_FAILED || errno != EINVAL);
    if (from != MAP_FAILED) munmap(from, length);
    if (to != MAP_FAILED) munmap(to, length);
    return moves;
  }();
  return can;
}

bool is_covered_locked(uintptr_t address) { return find_cover_locked(address) != nullptr; }

bool has_covers_locked(const Region* region) { return first_cover_locked(region->start, region->end) != nullptr; }

int uncover_locked(Region* region, const Cover& standing) {
  Cover cover = standing;
  bool moves = cover.kind != CoverKind::kCopied && !region->hole;
  bool absent = moves && cover.known && is_registered(cover.start, cover.length());
  int protection = absent ? PROT_NONE : cover.protection;
  if (!put_back(region, cover, protection)) {
    int error = -errno;
    if (!give_spare_areas_locked(Spare::kRestore) || !put_back(region, cover, protection)) return error < 0 ? error : -ENOMEM;
  }
  if (cover.kind == CoverKind::kMoved) delete_margins(cover.place, cover.length());
  if (cover.kind == CoverKind::kCopied) munmap(at(cover.place), cover.length());
  // Pages that can't be registered again stay without permission: an access fails, and finds no zeros.
  bool restored = !moves || restore_userfaultfd_range(cover.start, cover.length(), cover.write_protected);
  if (absent) note_absence_locked(region);
  if (absent && restored) protect_pages(cover.start, cover.end, cover.protection);
  if (!region->hole) hide_returned_page_locked(cover.start, cover.length());
  // The source was closed, or gave the memory up, while the pages were away.
  if (cover.watched && !region->hole && !is_watched_locked(cover.start)) protect_pages(cover.start, cover.end, cover.protection);
  remove_cover_locked(cover.start);
  region->cover_changes++;
  return 0;
}

int uncover_all_locked(Region* region) {
  while (const Cover* cover = first_cover_locked(region->start, region->end)) {
    int error = uncover_locked(region, *cover);
    if (error != 0) return error;
  }
  return 0;
}

void forget_covers_locked(Region* region) {
  while (const Cover* cover = first_cover_locked(region->start, region->end)) {
    if (cover->kind == CoverKind::kMoved) delete_place(cover->place, cover->length());
    if (cover->kind == CoverKind::kCopied) munmap(at(cover->place), cover->length());
    remove_cover_locked(cover->start);
  }
}

}  // namespace vmarea
