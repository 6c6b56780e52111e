export * from 'vmarea/conformance'
