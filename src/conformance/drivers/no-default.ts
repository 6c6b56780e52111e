/** A module that is no driver: it has no default export. */
export const nothing = 'to see'
