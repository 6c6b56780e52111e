// The functions of the addon for JavaScript, one table for each subject. `src/linux/addon/addon-functions.ts` is the other side.
#pragma once

#include <cstddef>

#include "addon/call.h"

namespace vmarea {

struct FunctionTable {
  template <size_t kCount>
  constexpr explicit FunctionTable(const Function (&functions)[kCount]) : first(functions), count(kCount) {}
  constexpr FunctionTable(const Function* functions, size_t length) : first(functions), count(length) {}
  const Function* first;
  size_t count;
};

extern const FunctionTable kSystemCalls, kDescriptorCalls, kProcessMemory, kProcText, kWatches, kSockets;
extern const FunctionTable kRegionObjects, kRegionLayout, kRegionResize, kRegionFaults, kRegionFlags, kAsyncCalls, kFutexCalls, kAllocateFile,
    kWritePieces;
extern const FunctionTable kUserfaultfdOpening, kUserfaultfdRegistration, kUserfaultfdOwnAreas, kUserfaultfdResolving, kUserfaultfdReading;
extern const FunctionTable kGuardSources;
extern const FunctionTable kGuests, kGuestSources, kGuestKeepers, kGuestDirty;
extern const FunctionTable kPageContents, kPlay;

}  // namespace vmarea
