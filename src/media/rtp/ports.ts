import { randomInt } from 'node:crypto'

/** Hands out even ports (RTP) whose next, odd one (RTCP) belongs to them (RFC 3550 §11). */
export interface PortAllocator {
  /** An RTP port, or undefined when none is free. */
  take(): number | undefined
  /** Returns a port that was taken; anything else is ignored. */
  give(port: number): void
  readonly inUse: number
  readonly capacity: number
}

/**
 * Ports of a range, ends included. The order is random, and a port that comes back waits behind all
 * others: what still arrives for the last call must not be heard in the next.
 */
export function createPortAllocator(from: number, to: number): PortAllocator {
  const free = shuffled(pairs(from, to))
  const capacity = free.length
  const taken = new Set<number>()
  // A ring: `free` never holds more than `capacity`, so the head chases the tail in one array.
  let head = 0
  return {
    take() {
      if (taken.size === capacity) return undefined
      const port = free[head]!
      head = (head + 1) % capacity
      taken.add(port)
      return port
    },
    give(port) {
      if (!taken.has(port)) return
      free[(head + capacity - taken.size) % capacity] = port
      taken.delete(port)
    },
    get inUse() { return taken.size },
    capacity
  }
}

function pairs(from: number, to: number): number[] {
  const ports: number[] = []
  for (let port = from + from % 2; port + 1 <= to; port += 2) ports.push(port)
  return ports
}

function shuffled(ports: number[]): number[] {
  for (let i = ports.length - 1; i > 0; i--) {
    const j = randomInt(i + 1)
    ;[ports[i], ports[j]] = [ports[j]!, ports[i]!]
  }
  return ports
}
