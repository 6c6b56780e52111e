// Random accesses for JavaScript.
#include "../floor.h"
#include "random-access.h"

// (address, pages, accesses, zipf, seed): nanoseconds
static napi_value access_pages(napi_env env, napi_callback_info info) {
  double values[5] = {0};
  numbers_of(env, info, values, 5);
  volatile uint64_t *memory = (volatile uint64_t *)(uintptr_t)values[0];
  return answer(env, (double)access_at_random(memory, (uint64_t)values[1], (uint64_t)values[2], values[3] != 0, (uint64_t)values[4]));
}

// (address, pages): how many accesses the pages have counted
static napi_value sum(napi_env env, napi_callback_info info) {
  double values[2] = {0};
  numbers_of(env, info, values, 2);
  return answer(env, (double)sum_of((volatile uint64_t *)(uintptr_t)values[0], (uint64_t)values[1]));
}

static napi_value init(napi_env env, napi_value exports) {
  static const struct function functions[] = {{"accessPages", access_pages}, {"sum", sum}};
  return with_functions(env, exports, functions, sizeof functions / sizeof *functions);
}

NAPI_MODULE(random_access, init)
