// Contained faults, from the signal handler that notes them to the scope that answers them or the event loop that reports them. Functions
// that end in _locked require the region table's lock.
//
// A scope is a mark: the number of faults that the thread had contained when the scope began. It has no state that could be left open:
// where JavaScript is cut short before the end of a scope, the event loop reports its faults like others.
#pragma once

#include "region/region.h"

namespace vmarea {

// False where there is no memory for it.
bool begin_noted_faults(ThreadState* state);
// Passes the faults that the thread has not reported to another thread, or writes them to standard error where none can report them.
void end_noted_faults(ThreadState* state);

// The threads that have begun and not ended.
size_t count_threads_locked();

// In the handler: for the thread that made the region.
void note_for_owner_locked(Region* region, const Fault& fault);
// Wakes the event loop.
void ring_bell_locked(ThreadState* state);

// Puts back the pages of all faults that were contained on this thread after the mark. Returns the first of them.
Fault answer_noted_since_locked(ThreadState* state, int32_t mark);
// Takes the next fault that this thread has to report. False where there is none.
bool take_noted_locked(ThreadState* state, NotedFault* noted);

}  // namespace vmarea
