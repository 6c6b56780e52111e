/** A machine requires something that is not available here: it is skipped with this message. */
export class Unavailable extends Error {}
