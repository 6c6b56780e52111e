// What belongs to one JavaScript thread (one Node-API environment): its mailbox, its regions, what it holds of the layout lock.
#pragma once

#include <node_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "layout-lock.h"

namespace vmarea {

struct Region;

// Shared with JavaScript as a typed array: what the hot paths read and write without a call.
struct Mailbox {
  std::atomic<int32_t> log_length;    // faults contained in open scopes of this thread
  std::atomic<int32_t> scope_depth;   // open scopes of this thread
  std::atomic<int32_t> unsettled;     // regions of this thread with a fault that was contained outside any scope
  int32_t padding;
  double results[4];                  // what a call answers beside its number
};

// A contained fault.
struct Fault {
  uintptr_t address;
  uint8_t access;  // 0 read, 1 write, 2 execute
  uint8_t reason;  // a Reason
};

enum Reason : uint8_t { kNone, kNoAccess, kReadOnly, kPastEnd, kUnmapped, kPoisoned, kDriver, kWouldDeadlock, kTimedOut, kUnserved };

// A contained fault that JavaScript has not been told of.
struct FaultEvent {
  double handle;  // 0 for memory that was unmapped
  Fault fault;
};

struct ThreadState {
  napi_env env = nullptr;  // none once the environment is gone
  bool worker = false;
  struct LentBuffers* lent = nullptr;  // in a Worker
  Mailbox mailbox{};
  LayoutHolds holds;

  uint32_t mappings = 0;

  // Regions by slot. A handle is generation * kSlots + slot, so that a stale one is told apart.
  std::vector<Region*> slots;
  std::vector<uint32_t> generations;
  std::vector<uint32_t> free_slots;

  // Faults contained in open scopes: written by this thread's signal handler, read by this thread.
  Fault* log = nullptr;

  // Faults contained outside scopes: written by any thread's handler under the region table's lock.
  static constexpr size_t kEvents = 256;
  FaultEvent events[kEvents];
  size_t first_event = 0;
  size_t event_count = 0;
  std::atomic<int> bell{-1};  // the write end of a pipe; a byte wakes the event loop

  // Roots whose last lease went while this thread held the layout lock.
  std::vector<struct AddressRoot*> deferred;

  // Userfaultfds; none until the first.
  struct UserfaultfdHandles* userfaultfds = nullptr;

  // Calls that may wait; none until the first.
  struct AsyncCalls* async_calls = nullptr;

  // Leases outlive the environment: the last one frees a dead state.
  size_t leases = 0;
  bool dead = false;
};

constexpr double kSlots = 16777216;                     // 2^24
constexpr uint32_t kMostGenerations = (1u << 29) - 1;  // so that each handle is below 2^53, and so exact
constexpr int32_t kLogCapacity = 1 << 16;

// The state of the calling thread, or nullptr on a thread without JavaScript.
extern __thread ThreadState* current_thread_state
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))  // a signal handler must not allocate to find it
#endif
    ;

}  // namespace vmarea
