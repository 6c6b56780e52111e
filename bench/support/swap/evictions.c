// Memory in a budget while a thread writes to it, in C: UFFDIO_MOVE to staging, a copy to a store in memory, and UFFDIO_COPY on a fault.
#include "memory.h"


static struct {
  int uffd;
  uint8_t *memory, *staging, *store, *stored;
  uint64_t pages, limit, resident, hand, evicted;
  uint8_t *present;
  pthread_t thread;
} swap;

// Pages leave in the order of their addresses, from the hand on: until sixty-four are gone.
static void evict(void) {
  for (int count = 0; count < 64; swap.hand = (swap.hand + 1) % swap.pages) {
    uint64_t at = swap.hand * PAGE;
    if (!swap.present[swap.hand]) continue;
    struct move call = {(uintptr_t)swap.staging + at, (uintptr_t)swap.memory + at, PAGE, 0, 0};
    if (ioctl(swap.uffd, MOVE, &call) != 0) continue;
    memcpy(swap.store + at, swap.staging + at, PAGE);
    madvise(swap.staging + at, PAGE, MADV_DONTNEED);
    swap.present[swap.hand] = 0;
    swap.stored[swap.hand] = 1;
    swap.resident--;
    swap.evicted++;
    count++;
  }
}

static void resolve(uint64_t address) {
  uint64_t at = (address & ~(PAGE - 1)) - (uintptr_t)swap.memory, page = at / PAGE;
  if (swap.resident >= swap.limit) evict();
  int code;
  if (swap.stored[page]) {
    struct uffdio_copy call = {(uintptr_t)swap.memory + at, (uintptr_t)swap.store + at, PAGE, 0, 0};
    code = ioctl(swap.uffd, UFFDIO_COPY, &call);
  } else {
    struct uffdio_zeropage call = {{(uintptr_t)swap.memory + at, PAGE}, 0, 0};
    code = ioctl(swap.uffd, UFFDIO_ZEROPAGE, &call);
  }
  if (code != 0) return;
  swap.present[page] = 1;
  swap.resident++;
}

static void *serve(void *unused) {
  (void)unused;
  serve_faults(swap.uffd, -1, resolve);
  return NULL;
}

// (pages, how many may be resident): the address
static napi_value open_swap(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  swap.pages = (uint64_t)values[0];
  swap.limit = (uint64_t)values[1];
  uint64_t length = swap.pages * PAGE;
  swap.memory = map(length);
  swap.staging = map(length);
  swap.store = map(length);
  swap.present = calloc(swap.pages, 1);
  swap.stored = calloc(swap.pages, 1);
  swap.uffd = open_userfaultfd(swap.memory, swap.staging, length);
  if (swap.uffd < 0) return answer(env, swap.uffd);
  running = 1;
  pthread_create(&swap.thread, NULL, serve, NULL);
  return answer(env, (double)(uintptr_t)swap.memory);
}

static napi_value evicted(napi_env env, napi_callback_info info) {
  (void)info;
  return answer(env, (double)swap.evicted);
}

static napi_value stop(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  pthread_join(swap.thread, NULL);
  return answer(env, 0);
}

// (address, pages, writes, BigUint64Array of counts, seed): adds one to the first word of random pages, 1024 times each, and to the counts.
// Returns nanoseconds.
static napi_value write_pages(napi_env env, napi_callback_info info) {
  double values[5] = {0};
  numbers_of(env, info, values, 5);
  uint64_t *counts = elements_of(env, info, 3), state = (uint64_t)values[4] * 2 + 1, before = now();
  for (uint64_t index = 0; index < (uint64_t)values[2]; index += 1024) {
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    uint64_t page = state % (uint64_t)values[1];
    volatile uint64_t *word = (volatile uint64_t *)((uintptr_t)values[0] + page * PAGE);
    for (int again = 0; again < 1024; again++) *word += 1;
    counts[page] += 1024;
  }
  return answer(env, (double)(now() - before));
}

// (address, pages, BigUint64Array of counts): how many writes are missing
static napi_value lost(napi_env env, napi_callback_info info) {
  double values[2] = {0}, missing = 0;
  numbers_of(env, info, values, 2);
  const uint64_t *counts = elements_of(env, info, 2);
  for (uint64_t page = 0; page < (uint64_t)values[1]; page++) {
    uint64_t word = *(volatile uint64_t *)((uintptr_t)values[0] + page * PAGE);
    missing += (double)(counts[page] - word);
  }
  return answer(env, missing);
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"openSwap", open_swap}, {"evicted", evicted}, {"stop", stop},
                                              {"writePages", write_pages}, {"lost", lost}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
