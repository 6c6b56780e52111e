// Memory in a budget while a thread writes to it, in C: UFFDIO_MOVE to staging, a copy to a store in memory, and UFFDIO_COPY on a fault.
#include "memory.h"

#define BATCH 64
#define LANES 4

static struct swap {
  int uffd, cpu;
  // Of memory whose promises are kept: pages leave by way of a buffer and memory without events, and each has a checksum.
  int careful, trash_uffd;
  uint8_t *trash, *buffer;
  uint64_t *digests;
  uint8_t *memory, *staging, *store, *stored;
  uint64_t pages, limit, resident, hand, evicted, damaged;
  uint8_t *present;
  pthread_t thread;
} swaps[3];

// How a memory is served: with no more than the calls, with the promises of swap, or by a Worker that makes the calls of the second.
enum { PLAIN, CAREFUL, BARE };

static __thread struct swap *swap;

// As much work as a checksum of the library: one multiplication for each sixteen bytes, and a look for zeros.
static uint64_t digest(const uint8_t *bytes) {
  uint64_t lanes[LANES] = {1, 2, 3, 4}, words[2 * LANES], sum = 0;
  for (size_t at = 0; at < PAGE; at += sizeof words) {
    memcpy(words, bytes + at, sizeof words);
    for (size_t lane = 0; lane < LANES; lane++) {
      unsigned __int128 product = (unsigned __int128)(words[2 * lane] ^ lanes[lane]) * (words[2 * lane + 1] ^ 0x9e3779b185ebca87);
      lanes[lane] = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
  }
  if (bytes[0] == 0 && memcmp(bytes, bytes + 1, PAGE - 1) == 0) return 0;
  for (size_t lane = 0; lane < LANES; lane++) sum = (sum << 27 | sum >> 37) ^ lanes[lane];
  return sum;
}

static int move(int uffd, uint8_t *to, uint8_t *from, uint64_t length) {
  struct move call = {(uintptr_t)to, (uintptr_t)from, length, 0, 0};
  return ioctl(uffd, MOVE, &call);
}

static void left(uint64_t page) {
  swap->present[page] = 0;
  swap->stored[page] = 1;
  swap->resident--;
  swap->evicted++;
}

// Pages leave in the order of their addresses, from the hand on: until sixty-four are gone.
static void evict(void) {
  for (int count = 0; count < BATCH; swap->hand = (swap->hand + 1) % swap->pages) {
    uint64_t at = swap->hand * PAGE;
    if (!swap->present[swap->hand] || move(swap->uffd, swap->staging + at, swap->memory + at, PAGE) != 0) continue;
    memcpy(swap->store + at, swap->staging + at, PAGE);
    madvise(swap->staging + at, PAGE, MADV_DONTNEED);
    left(swap->hand);
    count++;
  }
}

// The same with what the promises of swap require. They leave together, so that their memory is dropped by one call of each kind.
static void evict_carefully(void) {
  uint64_t pages[BATCH];
  for (int count = 0; count < BATCH; swap->hand = (swap->hand + 1) % swap->pages) {
    if (!swap->present[swap->hand]) continue;
    if (move(swap->uffd, swap->staging + count * PAGE, swap->memory + swap->hand * PAGE, PAGE) == 0) pages[count++] = swap->hand;
  }
  for (int index = 0; index < BATCH; index++) {
    uint8_t *bytes = swap->buffer + index * PAGE;
    memcpy(bytes, swap->staging + index * PAGE, PAGE);
    swap->digests[pages[index]] = digest(bytes);
  }
  for (int index = 0; index < BATCH; index++) {
    memcpy(swap->store + pages[index] * PAGE, swap->buffer + index * PAGE, PAGE);
    left(pages[index]);
  }
  move(swap->trash_uffd, swap->trash, swap->staging, BATCH * PAGE);
  madvise(swap->trash, BATCH * PAGE, MADV_DONTNEED);
}

static void resolve(uint64_t address) {
  uint64_t at = (address & ~(PAGE - 1)) - (uintptr_t)swap->memory, page = at / PAGE;
  if (swap->resident >= swap->limit) {
    if (swap->careful) evict_carefully();
    else evict();
  }
  int code;
  if (swap->stored[page]) {
    uint8_t *from = swap->store + at;
    if (swap->careful) {
      from = memcpy(swap->buffer, from, PAGE);
      if (digest(from) != swap->digests[page]) swap->damaged++;
    }
    struct uffdio_copy call = {(uintptr_t)swap->memory + at, (uintptr_t)from, PAGE, 0, 0};
    code = ioctl(swap->uffd, UFFDIO_COPY, &call);
  } else {
    struct uffdio_zeropage call = {{(uintptr_t)swap->memory + at, PAGE}, 0, 0};
    code = ioctl(swap->uffd, UFFDIO_ZEROPAGE, &call);
  }
  if (code != 0) return;
  swap->present[page] = 1;
  swap->resident++;
}

static void *serve(void *which) {
  swap = which;
  serve_faults(swap->uffd, -1, resolve);
  return NULL;
}

// (pages, how many may be resident, how it is served): the address
static napi_value open_swap(napi_env env, napi_callback_info info) {
  double values[3] = {0};
  numbers_of(env, info, values, 3);
  struct swap *of = &swaps[(int)values[2]];
  of->pages = (uint64_t)values[0];
  of->limit = (uint64_t)values[1];
  of->careful = values[2] == CAREFUL;
  uint64_t length = of->pages * PAGE;
  of->memory = map(length);
  of->staging = map(length);
  of->store = map(length);
  of->trash = map(2 * BATCH * PAGE);
  of->buffer = map(BATCH * PAGE);
  of->digests = calloc(of->pages, sizeof *of->digests);
  of->present = calloc(of->pages, 1);
  of->stored = calloc(of->pages, 1);
  of->uffd = open_userfaultfd(of->memory, of->staging, length);
  of->trash_uffd = open_userfaultfd(of->trash, of->trash + BATCH * PAGE, BATCH * PAGE);
  if (of->uffd < 0 || of->trash_uffd < 0) return answer(env, of->uffd < 0 ? of->uffd : of->trash_uffd);
  running = 1;
  if (values[2] != BARE) pthread_create(&of->thread, NULL, serve, of);
  return answer(env, (double)(uintptr_t)of->memory);
}

// (Float64Array of four): descriptors of the Worker's own, of the memory and of the one without events, and the addresses of staging and trash
static napi_value for_worker(napi_env env, napi_callback_info info) {
  double *parts = elements_of(env, info, 0);
  const struct swap *of = &swaps[BARE];
  parts[0] = fcntl(of->uffd, F_DUPFD_CLOEXEC, 0);
  parts[1] = fcntl(of->trash_uffd, F_DUPFD_CLOEXEC, 0);
  parts[2] = (double)(uintptr_t)of->staging;
  parts[3] = (double)(uintptr_t)of->trash;
  return answer(env, 0);
}

// (how it is served)
static napi_value evicted(napi_env env, napi_callback_info info) {
  double values[1] = {0};
  numbers_of(env, info, values, 1);
  return answer(env, (double)swaps[(int)values[0]].evicted);
}

// The pages whose checksum differed.
static napi_value stop(napi_env env, napi_callback_info info) {
  (void)info;
  running = 0;
  for (int which = PLAIN; which <= CAREFUL; which++) pthread_join(swaps[which].thread, NULL);
  return answer(env, (double)swaps[CAREFUL].damaged);
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
  static const struct function functions[] = {{"openSwap", open_swap}, {"forWorker", for_worker}, {"evicted", evicted}, {"stop", stop},
                                              {"writePages", write_pages}, {"lost", lost}, {"pinThread", pin_thread}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(floor, init)
