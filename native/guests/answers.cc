#include "guests/answers.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "guests/dirty.h"
#include "guests/environment.h"
#include "guests/hints.h"
#include "guests/requests.h"
#include "page/page-size.h"
#include "userfaultfd/userfaultfd-context.h"
#include "userfaultfd/userfaultfd-interface.h"

namespace vmarea::guests {

using namespace uffd;

namespace {

constexpr uint64_t kLargestPage = 2u << 20;

// As many zeros as the largest page has.
const uint8_t* zeros() {
  static const void* area = mmap(nullptr, kLargestPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return static_cast<const uint8_t*>(area);
}

// A page that is in several pieces of the source is put together here.
uint8_t* assembly() {
  static void* area = mmap(nullptr, kLargestPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return static_cast<uint8_t*>(area);
}

// One ioctl. Returns the bytes done, or a negative error number.
int64_t install_once(const Guest& guest, const GuestRegion& region, uint64_t start, uint64_t length, const uint8_t* bytes, bool protects) {
  if (bytes == nullptr && region.page == page_size() && !protects) {
    UffdFill fill = {start, length, 0, 0};
    if (ioctl(guest.descriptor, kZeropage, &fill) == 0) return static_cast<int64_t>(length);
    if (fill.done > 0) return fill.done;
    if (errno != EEXIST) return -errno;
    length = page_size();  // A missing page that is write-protected holds a mark, which only a copy replaces.
  }
  // Zeros with a protection, and zeros of a huge page, have to be copied.
  if (bytes == nullptr) length = std::min(length, kLargestPage);
  constexpr uint64_t kCopyProtected = 2;
  UffdCopy copy = {start, reinterpret_cast<uintptr_t>(bytes == nullptr ? zeros() : bytes), length, protects ? kCopyProtected : 0, 0};
  if (ioctl(guest.descriptor, kCopy, &copy) == 0) return static_cast<int64_t>(length);
  return copy.done > 0 ? copy.done : -errno;
}

void mark_there(Guest& guest, const GuestRegion& region, uint64_t start, uint64_t length) {
  uint64_t first = index_of(region, start), count = length / region.page;
  for (uint64_t index = first; index < first + count; index++) {
    if (guest.states->at(index) == kMissingPage) guest.statistics.pages_there.add(1);
    guest.states->raise(index, kThere);
  }
}

bool is_in_flight(const Guest& guest, uint64_t address) {
  for (const Request* request : guest.requests)
    if (address - request->start < request->length) return true;
  return false;
}

bool is_wanted(const Guest& guest, const GuestRegion& region, uint64_t address) {
  return guest.states->at(index_of(region, address)) == kMissingPage && !is_in_flight(guest, address);
}

// Pages that are answered at once: addresses, and the segment that has all their bytes; none where the one page is in several.
struct Chunk {
  uint64_t start, length;
  const Segment* segment;
};

constexpr uint64_t kStep = 64 << 10;  // bytes that are prefetched at once
constexpr uint64_t kMostAhead = 8;    // times the bytes around a fault, fetched behind faults in order

// The page at the address with what is missing in the window of `limit` around it, as far as one segment reaches, and then the pages beside
// that are to be prefetched, up to `reach` in all. Both are powers of two, and `reach` is not the smaller one.
Chunk chunk_around(const Guest& guest, const GuestRegion& region, uint64_t address, uint64_t limit, uint64_t reach) {
  uint64_t page = region.page, offset = region.offset + (address - region.start);
  const Segment& segment = guest.source->at(offset);
  if (offset + page > segment.end || offset < segment.start) return {address, page, nullptr};
  uint64_t low = std::max(offset & ~(reach - 1), std::max(region.offset, segment.start));
  uint64_t high = std::min(region.offset + region.length, segment.end), start = address, end = address + page;
  auto joins = [&](uint64_t other) {
    bool is_near = ((region.offset + (other - region.start)) ^ offset) < limit;
    return is_wanted(guest, region, other) && (is_near || is_hinted(guest, index_of(region, other)));
  };
  while (offset - (address - start) >= low + page && joins(start - page)) start -= page;
  while (end - start + page <= reach && offset + (end - address) + page <= high && joins(end)) end += page;
  return {start, end - start, &segment};
}

uint64_t around(const Guest& guest, const GuestRegion& region) { return std::max(guest.around, region.page); }

// Returns 0, an error number of `install`, or 1 where a request is on its way, 2 where there is no room for one.
int answer_chunk(const GuestPointer& guest, const GuestRegion& region, const Chunk& chunk, Outcome outcome, const WaitingFault* fault) {
  uint64_t offset = region.offset + (chunk.start - region.start);
  if (chunk.segment == nullptr) {
    int error = gather(*guest->source, offset, chunk.length, assembly());
    return error != 0 ? error : install(*guest, region, chunk.start, chunk.length, assembly(), outcome);
  }
  const Segment& segment = *chunk.segment;
  if (segment.kind == Segment::kZero) return install(*guest, region, chunk.start, chunk.length, nullptr, outcome);
  uint64_t at = segment.at + (offset - segment.start);
  if (segment.kind == Segment::kFile && is_cached(*segment.file, at, chunk.length))
    return install(*guest, region, chunk.start, chunk.length, segment.file->bytes + at, outcome);
  return ask(guest, region, chunk.start, chunk.length, segment, at, fault) ? 1 : 2;
}

// Returns 0 or a negative error number.
int poison_page(const Guest& guest, uint64_t address, uint64_t length) {
  UffdFill fill = {address, length, 0, 0};
  if (ioctl(guest.descriptor, kPoison, &fill) == 0) return 0;
  if (errno != EEXIST) return -errno;
  // A missing page that is write-protected holds a mark, over which the kernel does not poison.
  UffdProtect protection = {address, length, kProtectDontWake};
  if (ioctl(guest.descriptor, kWriteprotect, &protection) != 0) return errno == EAGAIN ? -EAGAIN : -EEXIST;
  fill.done = 0;
  return ioctl(guest.descriptor, kPoison, &fill) == 0 ? 0 : -errno;
}

// Faults in order: prefetches what comes next, twice as much each time, so that the guest waits once for many of its windows.
void read_ahead(Guest& guest, const GuestRegion& region, const Chunk& chunk, uint64_t address) {
  uint64_t around = guest.around, end = chunk.start + chunk.length, last = region.start + region.length;
  if (guest.records || around <= region.page) return;
  if (address < guest.order_start || address > guest.order_end || guest.order_end == 0) {
    guest.ahead = 0;
    guest.order_start = guest.order_end = end;
    return;
  }
  guest.order_start = end;
  if (guest.order_end > end && guest.order_end - end > guest.ahead / 2) return;
  uint64_t from = std::max(guest.order_end, end);
  guest.ahead = std::min(std::max(guest.ahead * 2, around), around * kMostAhead);
  guest.order_end = std::max(from, std::min(last, from + guest.ahead));
  if (from >= last) return;
  uint64_t offset = region.offset + (from - region.start), most = region.offset + (guest.order_end - region.start);
  hint(guest, offset, most);
  guest.prefetch.push_back({offset, most});
}

void note_demand(Guest& guest, uint64_t offset) {
  std::lock_guard<std::mutex> lock(guest.record_mutex);
  if (guest.records) guest.record.push_back(offset);
}

}  // namespace

void report_prefetched(Guest& guest) {
  if (!guest.prefetching || !guest.prefetch.empty() || !guest.requests.empty()) return;
  guest.prefetching = false;
  report(guest, Report::kPrefetched, guest.prefetches);
}

void wake(const Guest& guest, uint64_t start, uint64_t length) {
  UffdRange range = {start, length};
  ioctl(guest.descriptor, kWake, &range);  // of memory that is gone too: its threads look again
}

int install(Guest& guest, const GuestRegion& region, uint64_t start, uint64_t length, const uint8_t* bytes, Outcome outcome) {
  // A removed page is dirty already, until the dirty pages are reset.
  bool protects = guest.protects && !(outcome == kZeroed && is_dirty(guest, index_of(region, start)));
  for (uint64_t done = 0; done < length;) {
    const uint8_t* from = bytes == nullptr ? nullptr : bytes + done;
    int64_t result = install_once(guest, region, start + done, length - done, from, protects);
    if (result > 0) {
      mark_there(guest, region, start + done, static_cast<uint64_t>(result));
      guest.statistics.counts[outcome].add(static_cast<uint64_t>(result) / region.page);
      done += static_cast<uint64_t>(result);
    } else if (result == -EEXIST || result == -ENOENT) {
      // It is there, or nothing of this memory is any more. Who waits for it looks again.
      if (result == -EEXIST) mark_there(guest, region, start + done, region.page);
      wake(guest, start + done, region.page);
      guest.statistics.counts[kRaced].add(1);
      done += region.page;
    } else {
      if (result == -EAGAIN) guest.statistics.counts[kRetried].add(1);
      return static_cast<int>(result);
    }
  }
  return 0;
}

bool fail_page(Guest& guest, const GuestRegion& region, uint64_t address, int error) {
  address -= (address - region.start) % region.page;
  if (guest.kill_on_page_failure && guest.pidfd >= 0) {
    syscall(SYS_pidfd_send_signal, guest.pidfd, SIGKILL, nullptr, 0);
  } else {
    int result = poison_page(guest, address, region.page);
    if (result == -EAGAIN) return false;
    if (result != 0) wake(guest, address, region.page);
    if (result == -EEXIST) return true;  // It is there, or poisoned before.
  }
  guest.statistics.counts[kFailed].add(1);
  report(guest, Report::kPageFailed, static_cast<double>(region.offset + (address - region.start)), error);
  return true;
}

bool answer_fault(const GuestPointer& pointer, const WaitingFault& fault) {
  Guest& guest = *pointer;
  const GuestRegion* region = region_at(guest, fault.address);
  if (region == nullptr) {
    wake(guest, fault.address & ~(page_size() - 1), page_size());
    return true;
  }
  uint64_t address = fault.address - (fault.address - region->start) % region->page;
  if ((fault.flags & kFaultOfProtection) != 0) return unprotect(guest, *region, address);
  for (Request* request : guest.requests) {
    if (address - request->start >= request->length) continue;
    request->demanded.push_back({address, fault.flags, fault.since});  // its answer wakes this thread too
    return true;
  }
  PageState state = guest.states->at(index_of(*region, address));
  int result;
  Chunk chunk = {};
  if (state == kRemovedPage) {
    result = install(guest, *region, address, region->page, nullptr, kZeroed);
  } else {
    bool with_others = state == kMissingPage && !fault.alone;
    if (with_others) note_demand(guest, region->offset + (address - region->start));
    uint64_t limit = with_others ? around(guest, *region) : region->page;
    // Pages that are to be prefetched come with a fault on one of them: a slow source is then asked once for them all.
    uint64_t reach = with_others && is_hinted(guest, index_of(*region, address)) ? std::max(limit, kStep) : limit;
    chunk = chunk_around(guest, *region, address, limit, reach);
    result = answer_chunk(pointer, *region, chunk, kFilled, &fault);
    // The file may have ended within the pages around: this one is then tried alone.
    if (result == -EFAULT && chunk.length > region->page) {
      chunk = chunk_around(guest, *region, address, region->page, region->page);
      result = answer_chunk(pointer, *region, chunk, kFilled, &fault);
    }
  }
  if (result == 2 || result == -EAGAIN) return false;
  if (state == kMissingPage && (result == 0 || result == 1)) read_ahead(guest, *region, chunk, address);
  if (result == 1) return true;
  if (result != 0 && result != -ESRCH) {
    if (!fail_page(guest, *region, address, result)) return false;
    guest.statistics.latency[kGivenUp].add(now() - fault.since);
    return true;
  }
  Answer answer = fault.again ? kAgain : state == kRemovedPage ? kRemoved : state == kThere ? kThereBefore : kMissing;
  guest.statistics.latency[answer].add(now() - fault.since);
  return true;
}

bool prefetch_some(const GuestPointer& pointer) {
  Guest& guest = *pointer;
  // Pages that are there, or not in the guest, cost little: but not for ever, since demand comes first.
  for (int passed = 0; passed < 4096 && !guest.prefetch.empty(); passed++) {
    auto& [offset, end] = guest.prefetch.back();
    const GuestRegion* region = nullptr;
    for (const GuestRegion& one : guest.regions)
      if (offset - one.offset < one.length) region = &one;
    if (offset >= end || region == nullptr) {
      uint64_t next = end;
      for (const GuestRegion& one : guest.regions)
        if (region == nullptr && one.offset > offset) next = std::min(next, one.offset);
      if (offset >= end || next == end) guest.prefetch.pop_back();
      else offset = next;
      continue;
    }
    uint64_t address = region->start + (offset - region->offset);
    address -= (address - region->start) % region->page;
    if (!is_wanted(guest, *region, address)) {
      offset = region->offset + (address - region->start) + region->page;
      continue;
    }
    Chunk chunk = chunk_around(guest, *region, address, region->page, std::max(kStep, region->page));
    if (chunk.segment != nullptr && chunk.segment->kind != Segment::kZero && !has_room_to_prefetch(guest, *chunk.segment)) return false;
    uint64_t since = now();
    int result = answer_chunk(pointer, *region, chunk, kPrefetched, nullptr);
    if (result == -EAGAIN) guest.parked = true;
    if (result == -EAGAIN || result == 2) return false;
    // A page that can't be read now is read again when the guest demands it.
    offset = region->offset + (chunk.start - region->start) + chunk.length;
    if (result == 0) guest.statistics.latency[kBeforehand].add(now() - since);
    if (result == 0) return true;
  }
  report_prefetched(guest);
  return !guest.prefetch.empty();
}

}  // namespace vmarea::guests
