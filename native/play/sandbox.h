#pragma once

namespace vmarea::play {

// Takes from this process all that a playground's calls do not need: descriptors but for `socket`, memory beyond a gibibyte, other system
// calls. It can't be undone, and children inherit it. Answers false where the kernel refuses.
bool enter_sandbox(int socket);

}  // namespace vmarea::play
