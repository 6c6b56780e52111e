// The cost of the caches alone for a look-up: the same search over the same tree of areas as in the model (src/model/structs/vma-tree.ts),
// in C. Argument: how many areas. Prints the nanoseconds of processor time that one look-up took, the best of five rounds.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CAPACITY = 16, ENDS = 8, STARTS = ENDS + CAPACITY, STRIDE = STARTS + CAPACITY, ROUND = 100000 };

// As many bytes as an area of the model has.
struct area {
  double start, end;
  char rest[104];
};

static double *numbers;
static void **items;
static long used;

static long new_node(void) {
  for (int at = ENDS; at < STRIDE; at++) numbers[used * STRIDE + at] = INFINITY;
  return used++;
}

static void put(long node, int index, double start, double end, void *item) {
  numbers[node * STRIDE + STARTS + index] = start;
  numbers[node * STRIDE + ENDS + index] = end;
  items[node * CAPACITY + index] = item;
}

static struct area *look_up(long node, int height, double address) {
  for (;; height--) {
    const double *ends = numbers + node * STRIDE + ENDS;
    int index = 0;
    for (int step = CAPACITY / 2; step > 0; step /= 2)
      if (ends[index + step - 1] <= address) index += step;
    void *item = items[node * CAPACITY + index];
    if (height == 0) return item;
    node = (long)(intptr_t)item;
  }
}

static double processor_time(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

int main(int count, char **arguments) {
  long areas = count > 1 ? atol(arguments[1]) : 1000;
  long nodes = areas / 8 + 64;
  numbers = calloc(nodes, STRIDE * sizeof *numbers);
  items = calloc(nodes, CAPACITY * sizeof *items);
  long *level = malloc((areas / CAPACITY + 1) * sizeof *level), width = 0;
  double *starts = malloc(areas * sizeof *starts);
  for (long at = 0; at < areas; at++) {
    struct area *area = malloc(sizeof *area);
    area->start = starts[at] = at * 4096.0;
    area->end = area->start + 4096;
    if (at % CAPACITY == 0) level[width++] = new_node();
    put(level[width - 1], at % CAPACITY, area->start, area->end, area);
  }
  int height = 0;
  for (; width > 1; height++) {
    long above = 0;
    for (long at = 0; at < width; at++) {
      long child = level[at];
      int last = CAPACITY - 1;
      while (isinf(numbers[child * STRIDE + ENDS + last])) last--;
      double start = numbers[child * STRIDE + STARTS], end = numbers[child * STRIDE + ENDS + last];
      long parent = at % CAPACITY == 0 ? new_node() : level[above - 1];
      if (at % CAPACITY == 0) level[above++] = parent;
      put(parent, at % CAPACITY, start, end, (void *)(intptr_t)child);
    }
    width = above;
  }
  double *order = malloc(ROUND * sizeof *order), best = INFINITY;
  uint32_t state = 1;
  for (int at = 0; at < ROUND; at++) {
    state = state * 1664525 + 1013904223;
    order[at] = starts[(long)(state / 4294967296.0 * areas)];
  }
  for (int round = 0; round < 5; round++) {
    double before = processor_time();
    for (int at = 0; at < ROUND; at++)
      if (look_up(level[0], height, order[at])->start != order[at]) return 1;
    double spent = (processor_time() - before) / ROUND;
    if (spent < best) best = spent;
  }
  printf("%f\n", best);
  return 0;
}
