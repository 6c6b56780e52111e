/**
 * Carries a handle's permission in its type. It has no value at run time; keyed by a symbol, it survives in the published
 * declarations, where private fields do not.
 */
export declare const permission: unique symbol
