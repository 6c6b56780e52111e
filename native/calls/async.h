#pragma once

namespace vmarea {

// The environment has ended, and so have its regions: jobs in flight are dropped when they finish.
void end_async_calls(struct AsyncCalls* calls);

}  // namespace vmarea
