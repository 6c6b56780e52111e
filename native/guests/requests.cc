#include "guests/requests.h"

#include <errno.h>
#include <sys/mman.h>

#include <algorithm>

#include "guests/answers.h"
#include "guests/server.h"
#include "userfaultfd/userfaultfd-context.h"

namespace vmarea::guests {
namespace {

constexpr size_t kMostReads = 256;  // of disks, in flight for one guest
constexpr uint64_t kMostBytesAhead = 2u << 20;  // of a script, in flight for one guest

void release(Request* request) {
  if (Script* script = request->script) {
    script->by_slot[request->slot] = nullptr;
    script->free.push_back(request->slot);
  }
  delete request;
}

void take_from_guest(Guest& guest, Request* request) {
  guest.requests.erase(std::find(guest.requests.begin(), guest.requests.end(), request));
}

bool is_demanded(const Request& request, uint64_t address) {
  return std::any_of(request.demanded.begin(), request.demanded.end(),
                     [=](const WaitingFault& fault) { return fault.address == address; });
}

// Installs what was read, but for pages that were removed meanwhile. Returns as `install` does.
int install_read(Guest& guest, const Request& request) {
  const GuestRegion& region = *request.region;
  const uint8_t* bytes = request.script != nullptr ? request.script->memory->bytes + request.slot * request.script->slot_size
                                                   : request.file->bytes + request.at;
  for (uint64_t done = 0, next; done < request.length; done = next) {
    uint64_t address = request.start + done;
    PageState state = guest.states->at(index_of(region, address));
    next = done + region.page;
    while (state == kMissingPage && next < request.length && guest.states->at(index_of(region, request.start + next)) == kMissingPage)
      next += region.page;
    int result = 0;
    if (state == kMissingPage) {
      result = install(guest, region, address, next - done, bytes + done, request.demanded.empty() ? kPrefetched : kFilled);
    } else if (is_demanded(request, address)) {
      result = state == kRemovedPage ? install(guest, region, address, region.page, nullptr, kZeroed)
                                 : install(guest, region, address, region.page, bytes + done, kFilled);
    }
    if (result != 0) return result;
  }
  return 0;
}

// Returns false where it must be tried again.
bool fail_demanded(Guest& guest, Request& request, int error) {
  uint64_t time = uffd::now();
  while (!request.demanded.empty()) {
    const WaitingFault& fault = request.demanded.back();
    PageState state = guest.states->at(index_of(*request.region, fault.address));
    // Zeros need no source.
    int result = state == kRemovedPage ? install(guest, *request.region, fault.address, request.region->page, nullptr, kZeroed) : 0;
    if (result == -EAGAIN) return false;
    if (state != kRemovedPage && !fail_page(guest, *request.region, fault.address, error)) return false;
    guest.statistics.latency[state == kRemovedPage ? kRemoved : kGivenUp].add(time - fault.since);
    request.demanded.pop_back();
  }
  return true;
}

// The error of a read of several pages may be that of one of them: those that are waited for are then read alone.
void ask_alone(Guest& guest, Request& request) {
  if (request.length <= request.region->page) return;
  for (WaitingFault& fault : request.demanded) {
    fault.alone = true;
    guest.waiting.push_back(fault);
  }
  guest.parked |= !request.demanded.empty();
  request.demanded.clear();
}

void finish(Request* request) {
  if (request->guest == nullptr) return release(request);
  GuestPointer guest = request->guest;
  request->ready = true;
  int result = request->error != 0 ? request->error : install_read(*guest, *request);
  if (result != 0 && result != -EAGAIN && result != -ESRCH) {
    ask_alone(*guest, *request);
    if (!fail_demanded(*guest, *request, result)) result = -EAGAIN;
  }
  if (result == -EAGAIN) {
    guest->parked = request->met_change = true;
    return;
  }
  uint64_t time = uffd::now();
  for (const WaitingFault& fault : request->demanded) {
    bool removed = guest->states->at(index_of(*request->region, fault.address)) == kRemovedPage;
    guest->statistics.latency[request->met_change ? kAgain : removed ? kRemoved : kMissing].add(time - fault.since);
  }
  if (request->is_prefetch && result == 0) guest->statistics.latency[kBeforehand].add(time - request->since);
  take_from_guest(*guest, request);
  release(request);
  report_prefetched(*guest);
}

struct DiskJob : Job {
  Request* request;
};

void read_disk(Job* job) {
  DiskJob* disk = static_cast<DiskJob*>(job);
  Request* request = disk->request;
  delete disk;
  int error = bring_into_cache(*request->file, request->at, request->length);
  run_on_server([=] {
    request->error = error;
    finish(request);
  });
}

}  // namespace

bool ask(const GuestPointer& guest, const GuestRegion& region, uint64_t start, uint64_t length, const Segment& segment, uint64_t at,
         const WaitingFault* fault) {
  Script* script = segment.kind == Segment::kScript ? segment.script : nullptr;
  if (script == nullptr ? guest->requests.size() >= kMostReads : !script->closed && script->free.empty()) return false;
  Request* request = new Request;
  request->guest = guest;
  request->region = &region;
  request->start = start;
  request->length = length;
  request->since = uffd::now();
  request->is_prefetch = fault == nullptr;
  if (fault != nullptr) request->demanded.push_back({fault->address - (fault->address - region.start) % region.page, fault->flags, fault->since});
  guest->requests.push_back(request);
  if (script == nullptr) {
    request->file = segment.file;
    request->at = at;
    DiskJob* job = new DiskJob;
    job->run = read_disk;
    job->request = request;
    if (run_in_waiting_pool(job) == 0) return true;
    delete job;
    request->error = bring_into_cache(*request->file, at, length);  // no thread could be started: wait for the disk here
    finish(request);
    return true;
  }
  if (script->closed) {
    request->error = -ENXIO;
    finish(request);
    return true;
  }
  request->script = script;
  request->slot = script->free.back();
  script->free.pop_back();
  script->by_slot[request->slot] = request;
  Report kind = fault == nullptr ? Report::kReadAhead : Report::kRead;
  tell(script->listener, kind, script->number * 65536.0 + request->slot, static_cast<double>(at), static_cast<double>(length));
  return true;
}

bool has_room_to_prefetch(const Guest& guest, const Segment& segment) {
  if (segment.kind != Segment::kScript) return guest.requests.size() < kMostReads / 8;
  const Script& script = *segment.script;
  if (script.closed || script.free.size() <= script.by_slot.size() / 2) return false;
  // A fault waits for what a busy thread was asked before: bytes take its time, and small reads may be gathered.
  uint64_t bytes = 0;
  for (const Request* request : guest.requests) bytes += request->length;
  return bytes < kMostBytesAhead;
}

void finish_read(Script* script, uint32_t slot, int error) {
  Request* request = slot < script->by_slot.size() ? script->by_slot[slot] : nullptr;
  if (request == nullptr || request->ready) return;
  request->error = error;
  finish(request);
}

void retry_finished(Guest& guest) {
  std::vector<Request*> requests = guest.requests;
  for (Request* request : requests)
    if (request->ready) finish(request);
}

uint64_t fail_overdue(Guest& guest, uint64_t time) {
  uint64_t next = UINT64_MAX;
  if (guest.timeout == 0) return next;
  std::vector<Request*> requests = guest.requests;
  for (Request* request : requests) {
    uint64_t due = request->since + guest.timeout;
    if (due > time) {
      next = std::min(next, due);
    } else if (!fail_demanded(guest, *request, -ETIMEDOUT)) {
      guest.parked = true;
    } else if (!request->ready) {
      take_from_guest(guest, request);
      request->guest = nullptr;  // its slot is free when the answer comes
      report_prefetched(guest);
    }
  }
  return next;
}

void abandon_requests(Guest& guest) {
  for (Request* request : guest.requests) {
    request->guest = nullptr;
    if (request->ready) release(request);
  }
  guest.requests.clear();
}

void close_script(Script* script) {
  script->closed = true;
  std::vector<Request*> requests = script->by_slot;
  for (Request* request : requests) {
    if (request == nullptr || request->ready) continue;
    request->error = -ENXIO;
    finish(request);
  }
}

}  // namespace vmarea::guests
