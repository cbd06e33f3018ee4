#!/usr/bin/env node
import { exits, Fault } from './fault.js'
import { run } from './run.js'
import { clean } from './text.js'

// Whoever reads us may stop reading (`| head`).
process.stdout.on('error', () => process.exit())
try {
  const { json, data, text, aside, exit } = await run(process.argv.slice(2), process.env)
  process.stdout.write(`${json ? JSON.stringify(data, null, 2) : clean(text)}\n`)
  if (!json && aside !== undefined) process.stderr.write(`${clean(aside)}\n`)
  process.exitCode = exit
} catch (error) {
  // Nothing that a library made up: it may hold what must not be shown.
  process.stderr.write(`${error instanceof Fault ? clean(error.message) : `This failed within maskline itself (${error instanceof Error ? error.name : 'unknown error'}).`}\n`)
  process.exitCode = error instanceof Fault ? error.exit : exits.wrong
}
