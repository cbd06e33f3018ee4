// Loaded into the application with --expose-gc: what is garbage must not look like a leak.
process.on('SIGWINCH', () => globalThis.gc())
