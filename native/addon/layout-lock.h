// One reader-writer lock for the layout of this process's address space, shared by all its threads.
//
// It holds off the changes this library makes, not those of V8 or the C library. Readers are JavaScript guards, which may be held
// for long; a writer is one call of the addon. A waiting writer holds off new readers, except a thread that reads already.
//
// A thread that is to end stops waiting at once: a reader may hold its guard while it waits for the end of that thread, as process.exit()
// does, and a program that awaits worker.terminate().
#pragma once

#include <cstdint>

namespace vmarea {

// The holds of one thread. The owner releases them when the thread ends.
struct LayoutHolds {
  int32_t readers = 0;
  bool (*ends)(const LayoutHolds*) = nullptr;  // whether the thread is to end; called by that thread alone
};

// Each returns 0, -EDEADLK, or -ECANCELED where the thread is to end; tryRead returns -EAGAIN while a writer works.
int layout_read_lock(LayoutHolds* holds);
int layout_try_read_lock(LayoutHolds* holds);
void layout_read_unlock(LayoutHolds* holds);
void layout_release_all(LayoutHolds* holds);

// Fails with -EDEADLK where this thread is a reader: it would wait for itself.
int layout_write_lock(LayoutHolds* holds);
// Without waiting: -EAGAIN where another thread reads or writes.
int layout_try_write_lock(LayoutHolds* holds);
// The write side for a change that the kernel makes under its read lock, as vm_insert_page. A reading thread waits for the other readers;
// -EDEADLK where another one does so already, since each would wait for the other.
int layout_insert_lock(LayoutHolds* holds);
// Releases the write side. The thread has its former holds as a reader again.
void layout_write_unlock(LayoutHolds* holds);

// The write side for the scope of a block. Check `error` before changing anything.
class LayoutWriter {
 public:
  explicit LayoutWriter(LayoutHolds* holds, int (*lock)(LayoutHolds*) = layout_write_lock) : error(lock(holds)), holds_(holds) {}
  ~LayoutWriter() {
    if (error == 0) layout_write_unlock(holds_);
  }
  LayoutWriter(const LayoutWriter&) = delete;
  LayoutWriter& operator=(const LayoutWriter&) = delete;
  const int error;

 private:
  LayoutHolds* const holds_;
};

}  // namespace vmarea
