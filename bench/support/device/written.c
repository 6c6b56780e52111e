// The floor of write-back: a C thread that removes the write protection of a memory file's pages at their first write, and a flush that protects
// the written pages again and copies them to a store in memory.
#include "../floor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#define PAGE 4096ull
#define STEP (2ull << 20)
// Older headers lack it.
#define FEATURE_WP_SHMEM (1ull << 12)

static struct {
  int uffd, file;
  uint8_t *memory, *store, *written;
  uint64_t length;
  pthread_t thread;
} device;

static int protect(uint64_t start, uint64_t length, uint64_t mode) {
  struct uffdio_writeprotect call = {{start, length}, mode};
  return ioctl(device.uffd, UFFDIO_WRITEPROTECT, &call) == 0 ? 0 : -errno;
}

static void resolve(uint64_t address) {
  uint64_t page = (address - (uintptr_t)device.memory) / PAGE;
  device.written[page] = 1;
  protect((uintptr_t)device.memory + page * PAGE, PAGE, 0);
}

static void *serve(void *unused) {
  (void)unused;
  serve_faults(device.uffd, -1, resolve);
  return NULL;
}

// (length): the address where the program writes, or an error, negative
static napi_value open_device(napi_env env, napi_callback_info info) {
  double values[1] = {0};
  numbers_of(env, info, values, 1);
  device.length = (uint64_t)values[0];
  device.file = (int)syscall(SYS_memfd_create, "floor", MFD_CLOEXEC);
  if (ftruncate(device.file, (off_t)device.length) != 0) return answer(env, -errno);
  device.memory = mmap(NULL, device.length, PROT_READ | PROT_WRITE, MAP_SHARED, device.file, 0);
  device.store = malloc(device.length);
  device.written = calloc(device.length / PAGE, 1);
  memset(device.store, 1, device.length);
  memset(device.memory, 1, device.length);
  device.uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);
  struct uffdio_api api = {UFFD_API, UFFD_FEATURE_PAGEFAULT_FLAG_WP | FEATURE_WP_SHMEM, 0};
  struct uffdio_register call = {{(uintptr_t)device.memory, device.length}, UFFDIO_REGISTER_MODE_WP, 0};
  if (ioctl(device.uffd, UFFDIO_API, &api) != 0 || ioctl(device.uffd, UFFDIO_REGISTER, &call) != 0) return answer(env, -errno);
  int code = protect((uintptr_t)device.memory, device.length, UFFDIO_WRITEPROTECT_MODE_WP);
  if (code != 0) return answer(env, code);
  running = 1;
  pthread_create(&device.thread, NULL, serve, NULL);
  return answer(env, (double)(uintptr_t)device.memory);
}

// (address, pages, Float64Array): writes a byte a page, and notes the nanoseconds of each
static napi_value write_pages(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  volatile uint8_t *memory = (volatile uint8_t *)(uintptr_t)values[0];
  double *times = elements_of(env, info, 2);
  for (size_t index = 0; index < (size_t)values[1]; index++) {
    uint64_t before = now();
    memory[index * PAGE]++;
    times[index] = (double)(now() - before);
  }
  return answer(env, 0);
}

// Gives the written pages to the store. Nanoseconds.
static napi_value flush(napi_env env, napi_callback_info info) {
  (void)info;
  uint64_t before = now();
  for (uint64_t at = 0; at < device.length; at += STEP) {
    uint64_t size = device.length - at < STEP ? device.length - at : STEP;
    int code = protect((uintptr_t)device.memory + at, size, UFFDIO_WRITEPROTECT_MODE_WP);
    if (code != 0) return answer(env, code);
    for (uint64_t page = at; page < at + size; page += PAGE) {
      if (device.written[page / PAGE]) memcpy(device.store + page, device.memory + page, PAGE);
      device.written[page / PAGE] = 0;
    }
  }
  return answer(env, (double)(now() - before));
}

static napi_value close_device(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  pthread_join(device.thread, NULL);
  munmap(device.memory, device.length);
  free(device.store);
  free(device.written);
  close(device.uffd);
  close(device.file);
  return answer(env, 0);
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"open", open_device}, {"close", close_device}, {"write", write_pages}, {"flush", flush}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(written, init)
