// The faults that were contained, from the signal handler that notes them to the scope that answers them or the event loop that reports
// them. Functions that end in _locked require the region table's lock.
//
// A scope is a mark: how many faults the thread had contained when the scope began. Nothing is open, so nothing can be left open: where
// JavaScript is cut short before the end of a scope, its faults are noted faults like others, which the event loop reports.
#pragma once

#include "region/region.h"

namespace vmarea {

// False where there is no memory for it.
bool begin_noted_faults(ThreadState* state);
// What the thread has not reported goes to another thread, or to standard error where none can report it.
void end_noted_faults(ThreadState* state);

// In the handler: for the thread that made the region.
void note_for_owner_locked(Region* region, const Fault& fault);
// Wakes the event loop.
void ring_bell_locked(ThreadState* state);

// Puts back the pages of all faults that were contained on this thread after the mark. Answers the first of them.
Fault answer_noted_since_locked(ThreadState* state, int32_t mark);
// Takes the next fault that this thread has to report. False where there is none.
bool take_noted_locked(ThreadState* state, NotedFault* noted);

}  // namespace vmarea
