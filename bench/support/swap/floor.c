// The floor of swap: the same work in C, in the same process, on memory of its own: UFFDIO_MOVE to staging, pwrite and pread of a file.
#include "memory.h"

#include <dlfcn.h>

#define BATCH (2ull << 20)

static struct {
  int uffd, file;
  uint8_t *memory, *staging, *buffer;
  uint64_t length;
  volatile int origin;
  int cpu;
  pthread_t thread;
  // Of pages that are compressed in memory.
  uint8_t **packed;
  int *packed_lengths;
  int (*compress)(const char *from, char *to, int length, int room);
  int (*decompress)(const char *from, char *to, int length, int room);
} swap;

// Where pages come back from.
enum { STAGING, FILE_CACHE, COMPRESSED };

static int move(uint64_t to, uint64_t from, uint64_t length) {
  while (length > 0) {
    struct move call = {to, from, length, 0, 0};
    if (ioctl(swap.uffd, MOVE, &call) == 0) return 0;
    if (call.moved <= 0) return -errno;
    to += call.moved, from += call.moved, length -= call.moved;
  }
  return 0;
}

static int copy(uint64_t to, const uint8_t *from, uint64_t length) {
  struct uffdio_copy call = {to, (uintptr_t)from, length, 0, 0};
  return ioctl(swap.uffd, UFFDIO_COPY, &call) == 0 ? 0 : -errno;
}

// (length, descriptor of a file): 0 or an error, negative
static napi_value open_swap(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  swap.length = (uint64_t)values[0];
  swap.file = (int)values[1];
  swap.memory = map(swap.length);
  swap.staging = map(swap.length);
  swap.buffer = map(BATCH);
  memset(swap.buffer, 1, BATCH);
  for (uint64_t at = 0; at < swap.length; at += PAGE) *(uint64_t *)(swap.memory + at) = at + 1;
  swap.uffd = open_userfaultfd(swap.memory, swap.staging, swap.length);
  if (swap.uffd < 0) return answer(env, swap.uffd);
  return answer(env, (double)(uintptr_t)swap.memory);
}

static napi_value staging(napi_env env, napi_callback_info info) {
  (void)info;
  return answer(env, (double)(uintptr_t)swap.staging);
}

// Moves all pages to staging. Nanoseconds.
static napi_value stage(napi_env env, napi_callback_info info) {
  (void)info;
  uint64_t before = now();
  for (uint64_t at = 0; at < swap.length; at += BATCH) {
    uint64_t size = swap.length - at < BATCH ? swap.length - at : BATCH;
    int code = move((uintptr_t)swap.staging + at, (uintptr_t)swap.memory + at, size);
    if (code != 0) return answer(env, code);
  }
  return answer(env, (double)(now() - before));
}

// Writes the staged pages to the file, and drops their memory. Nanoseconds.
static napi_value out(napi_env env, napi_callback_info info) {
  (void)info;
  uint64_t before = now();
  for (uint64_t at = 0; at < swap.length; at += BATCH) {
    uint64_t size = swap.length - at < BATCH ? swap.length - at : BATCH;
    if (pwrite(swap.file, swap.staging + at, size, (off_t)at) != (ssize_t)size) return answer(env, -errno);
    madvise(swap.staging + at, size, MADV_DONTNEED);
  }
  return answer(env, (double)(now() - before));
}

// Reads all pages back from the file. Nanoseconds.
static napi_value in(napi_env env, napi_callback_info info) {
  (void)info;
  uint64_t before = now();
  for (uint64_t at = 0; at < swap.length; at += BATCH) {
    uint64_t size = swap.length - at < BATCH ? swap.length - at : BATCH;
    if (pread(swap.file, swap.buffer, size, (off_t)at) != (ssize_t)size) return answer(env, -errno);
    int code = copy((uintptr_t)swap.memory + at, swap.buffer, size);
    if (code != 0) return answer(env, code);
  }
  return answer(env, (double)(now() - before));
}

static void resolve(uint64_t address) {
  uint64_t at = (address & ~(PAGE - 1)) - (uintptr_t)swap.memory;
  if (swap.origin == STAGING) move((uintptr_t)swap.memory + at, (uintptr_t)swap.staging + at, PAGE);
  else if (swap.origin == COMPRESSED) {
    uint64_t page = at / PAGE;
    swap.decompress((char *)swap.packed[page], (char *)swap.buffer, swap.packed_lengths[page], PAGE);
    copy((uintptr_t)swap.memory + at, swap.buffer, PAGE);
  } else if (pread(swap.file, swap.buffer, PAGE, (off_t)at) == (ssize_t)PAGE) copy((uintptr_t)swap.memory + at, swap.buffer, PAGE);
}

static void *serve(void *unused) {
  (void)unused;
  serve_faults(swap.uffd, swap.cpu, resolve);
  return NULL;
}

// Compresses the staged pages by LZ4, and drops their memory. Returns the bytes that they take then.
static napi_value pack(napi_env env, napi_callback_info info) {
  (void)info;
  void *library = dlopen("liblz4.so.1", RTLD_NOW);
  if (library == NULL) return answer(env, -ENOENT);
  *(void **)&swap.compress = dlsym(library, "LZ4_compress_default");
  *(void **)&swap.decompress = dlsym(library, "LZ4_decompress_safe");
  if (swap.packed == NULL) {
    swap.packed = calloc(swap.length / PAGE, sizeof *swap.packed);
    swap.packed_lengths = calloc(swap.length / PAGE, sizeof *swap.packed_lengths);
  }
  double sum = 0;
  for (uint64_t page = 0; page < swap.length / PAGE; page++) {
    uint8_t bytes[2 * PAGE];
    int length = swap.compress((char *)swap.staging + page * PAGE, (char *)bytes, PAGE, sizeof bytes);
    free(swap.packed[page]);
    swap.packed[page] = malloc((size_t)length);
    swap.packed_lengths[page] = length;
    memcpy(swap.packed[page], bytes, (size_t)length);
    sum += length;
  }
  madvise(swap.staging, swap.length, MADV_DONTNEED);
  return answer(env, sum);
}

// (address of as much memory): copies its content
static napi_value fill_from(napi_env env, napi_callback_info info) {
  double values[1] = {0};
  numbers_of(env, info, values, 1);
  memcpy(swap.memory, (void *)(uintptr_t)values[0], swap.length);
  return answer(env, 0);
}

// (origin, cpu): a thread that runs there answers faults until stop()
static napi_value start(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  swap.origin = (int)values[0];
  swap.cpu = (int)values[1];
  running = 1;
  pthread_create(&swap.thread, NULL, serve, NULL);
  return answer(env, 0);
}

// (origin): brings back, page by page, what no fault has
static napi_value bring_back(napi_env env, napi_callback_info info) {
  double values[1] = {0};
  numbers_of(env, info, values, 1);
  swap.origin = (int)values[0];
  for (uint64_t at = 0; at < swap.length; at += PAGE) resolve((uintptr_t)swap.memory + at);
  return answer(env, 0);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  pthread_join(swap.thread, NULL);
  return answer(env, 0);
}

// (address, Uint32Array of pages, Float64Array): touches a byte of each, and notes the nanoseconds
static napi_value touch_in_order(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  size_t count = 3, pages = 0;
  double address = 0;
  void *order, *times;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
  napi_get_value_double(env, arguments[0], &address);
  napi_get_typedarray_info(env, arguments[1], NULL, &pages, &order, NULL, NULL);
  napi_get_typedarray_info(env, arguments[2], NULL, NULL, &times, NULL, NULL);
  double sum = 0;
  for (size_t index = 0; index < pages; index++) {
    uint64_t before = now();
    sum += *(volatile uint8_t *)((uintptr_t)address + ((uint32_t *)order)[index] * PAGE);
    ((double *)times)[index] = (double)(now() - before);
  }
  return answer(env, sum);
}

// Another descriptor of the userfaultfd, for a thread that answers faults in place of the one in C.
static napi_value descriptor(napi_env env, napi_callback_info info) {
  (void)info;
  return answer(env, fcntl(swap.uffd, F_DUPFD_CLOEXEC, 0));
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"openSwap", open_swap}, {"staging", staging}, {"stage", stage}, {"out", out}, {"in", in},
                                              {"start", start}, {"stop", stop},
                                              {"pack", pack}, {"fillFrom", fill_from}, {"bringBack", bring_back}, {"touchInOrder", touch_in_order},
                                              {"descriptor", descriptor}, {"pinThread", pin_thread}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
