export * from 'vmarea/device'
