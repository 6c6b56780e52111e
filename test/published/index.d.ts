// The package as it is published, which scripts/set-up.js bundles into test-dist/published. A thread of a device starts in a third of the
// processor time that the compiled modules take. A test that imports from here imports `vmarea` and `#vmarea/` for types alone: two copies
// of the library in one thread note its faults in the same place.
export * from 'vmarea'
