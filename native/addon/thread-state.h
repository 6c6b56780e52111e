// The state of one JavaScript thread (one Node-API environment): its shared_results, its regions, its holds of the layout lock.
#pragma once

#include <node_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "addon/layout-lock.h"

namespace vmarea {

struct Region;
struct ThreadState;

// Shared with JavaScript as a typed array: the values that hot paths read and write without a call.
struct SharedResults {
  std::atomic<int32_t> contained;  // faults contained on this thread, without those that scopes have answered, modulo 2^32
  std::atomic<int32_t> unsettled;  // regions of this thread with a contained fault that nothing has answered
  int32_t padding[2];
  double results[4];                  // the results of a call beside its number
};

// A contained fault.
struct Fault {
  uintptr_t address;
  uint8_t access;  // 0 read, 1 write, 2 execute
  uint8_t reason;  // a Reason
  bool covered;    // it met the cover of another thread's fault
};

enum Reason : uint8_t { kNone, kNoAccess, kReadOnly, kPastEnd, kUnmapped, kPoisoned, kDriver, kWouldDeadlock, kTimedOut, kUnserved };

// A contained fault that JavaScript does not know of yet. The scope in which it was contained answers it; without an open scope, or where
// a scope was cut short, the event loop reports it.
struct NotedFault {
  Fault fault;
  double handle;         // of its region; 0 for memory that was unmapped, kEndedThread for memory of a thread that has ended
  ThreadState* owner;    // of its region; only compared, because it may be freed
  uint32_t settlements;  // the region's number when the fault was noted: another number means that it has been answered
  int32_t number;        // `contained` of the thread that it was contained on, with it; 0 where it came from another thread
};

constexpr double kEndedThread = -1;

// A ring in memory that costs nothing until it is used. The region table's lock guards it.
struct NotedFaults {
  static constexpr size_t kCapacity = 1 << 16;
  NotedFault* entries = nullptr;
  size_t first = 0;
  size_t length = 0;

  NotedFault& operator[](size_t index) { return entries[(first + index) % kCapacity]; }
  bool push(const NotedFault& noted) {
    if (entries == nullptr || length == kCapacity) return false;
    entries[(first + length++) % kCapacity] = noted;
    return true;
  }
  NotedFault shift() {
    NotedFault noted = entries[first];
    first = (first + 1) % kCapacity;
    length--;
    return noted;
  }
};

// Whether the thread is to end: its Worker was terminated, the process exits, or its environment is being taken down. The thread itself
// calls it, also in the signal handler: it creates nothing in the engine.
bool is_ending(const ThreadState* state);

struct ThreadState {
  napi_env env = nullptr;
  bool ending = false;     // the environment is being taken down
  bool worker = false;
  struct LentBuffers* lent = nullptr;  // in a Worker
  struct SharedBuffers* shared_buffers = nullptr;
  SharedResults shared_results{};
  struct Holds : LayoutHolds {
    explicit Holds(ThreadState* of) : thread(of) {
      ends = [](const LayoutHolds* holds) { return is_ending(static_cast<const Holds*>(holds)->thread); };
    }
    ThreadState* const thread;
  } holds{this};

  uint32_t mappings = 0;

  // Regions by slot. A handle is generation * kSlots + slot, so that a stale one is recognized.
  std::vector<Region*> slots;
  std::vector<uint32_t> generations;
  std::vector<uint32_t> free_slots;

  // The faults contained on this thread, and those of its regions that were contained on threads without an event loop to report them.
  NotedFaults noted, noted_elsewhere;
  Fault last_fault{};       // the last one that was contained on this thread
  bool overflowed = false;  // there was no room to note a fault of this thread's regions: the region records it all the same
  int bell = -1;            // the write end of a pipe; a byte wakes the event loop. Under the region table's lock, as is `rung`
  bool rung = false;        // a byte is in the pipe

  // Roots whose last lease was released while this thread held the layout lock.
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
constexpr uint32_t kMostGenerations = (1u << 29) - 1;  // each handle is below 2^53, and so exact

// The state of the calling thread, or nullptr on a thread without JavaScript.
extern __thread ThreadState* current_thread_state
#ifdef __GLIBC__
    __attribute__((tls_model("initial-exec")))  // a signal handler must not allocate to find it
#endif
    ;

}  // namespace vmarea
