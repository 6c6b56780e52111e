#pragma once

namespace vmarea {

// The environment is gone, and so are its regions: what is under way is dropped when it comes to its end.
void end_async_calls(struct AsyncCalls* calls);

}  // namespace vmarea
