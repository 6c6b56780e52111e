/** The name of the socket's file, by which a view finds it among the sockets that a process holds. */
export const REPORT_SOCKET = 'statistics.sock'
