export * from './framing.js'
export * from './transport.js'
export * from './types.js'
export * from './via.js'
