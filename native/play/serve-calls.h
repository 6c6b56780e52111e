#pragma once

namespace vmarea::play {

// Makes the calls that come over the socket, each on a thread of its own. Ends the process when the socket ends.
[[noreturn]] void serve_calls(int socket);

}  // namespace vmarea::play
