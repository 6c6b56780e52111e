#pragma once

namespace vmarea::play {

// Restricts this process to what a playground's calls need: closes descriptors but `socket`, limits memory to a gibibyte, and forbids other system
// calls. Irreversible, and inherited by children. Returns false where the kernel refuses.
bool enter_sandbox(int socket);

}  // namespace vmarea::play
