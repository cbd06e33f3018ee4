export * from './client.js'
export * from './layer.js'
export * from './server.js'
export * from './timers.js'
