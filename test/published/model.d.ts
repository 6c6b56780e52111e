export * from 'vmarea/model'
