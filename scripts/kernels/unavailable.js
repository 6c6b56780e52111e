/** What a machine requires and can't be had here: it is skipped with this message. */
export class Unavailable extends Error {}
