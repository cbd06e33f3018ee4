import t from 'tap'
import { CallRate } from '../../src/telemetry/call-rate.js'
import { createLoad } from '../../src/telemetry/load.js'

const limits = { callsInSetUp: 10, requestsInFlight: 40, busyPercent: 85, callsWhenBusy: 3, requestsWhenBusy: 20 }

t.test('counts bound what is under way, however little there is to do', async (t) => {
  const load = createLoad(limits, () => 0)
  t.teardown(() => load.close())
  load.look()
  t.ok(load.admitsCall(9, 9))
  t.notOk(load.admitsCall(10, 0))
  t.ok(load.admitsRequest(39))
  t.notOk(load.admitsRequest(40))
})

t.test('while there is work nearly all the time, only so much is begun at the same time', async (t) => {
  let utilization = 0.95
  const load = createLoad(limits, () => utilization)
  t.teardown(() => load.close())
  t.ok(load.admitsCall(9, 9), 'nobody has looked yet')
  load.look()
  t.ok(load.admitsCall(9, 2), 'who rings or is asked by a shop does not count')
  t.ok(load.admitsRequest(19))
  t.notOk(load.admitsRequest(20))
  t.notOk(load.admitsCall(9, 3))
  utilization = 0.85
  for (let at = 0; at < 3; at++) load.look()
  t.ok(load.admitsCall(9, 9), 'as much as may be is not too much')
  t.ok(load.admitsRequest(39))
})

t.test('a flood of requests costs requests, and no calls', async (t) => {
  const load = createLoad(limits, () => 1)
  t.teardown(() => load.close())
  const ask = (requests: number): void => {
    for (let at = 0; at < requests; at++) load.admitsRequest(0)
    load.admitsCall(0, 0)
    load.look()
  }
  ask(10)
  t.notOk(load.admitsCall(9, 3), 'ten requests are as much as a call')
  ask(21)
  for (let at = 0; at < 5; at++) t.ok(load.admitsCall(9, 9))
  t.notOk(load.admitsRequest(20))
})

t.test('100 percent: never busy', async (t) => {
  const load = createLoad({ ...limits, busyPercent: 100 }, () => 1)
  t.teardown(() => load.close())
  load.look()
  t.ok(load.admitsCall(9, 9))
  t.ok(load.admitsRequest(39))
})

t.test('its own measure is a share of the time', async (t) => {
  const load = createLoad({ ...limits, busyPercent: 50 })
  t.teardown(() => load.close())
  const until = performance.now() + 50
  while (performance.now() < until) { /* Work. */ }
  load.look()
  t.notOk(load.admitsRequest(20))
  for (let tries = 0; tries < 50 && !load.admitsRequest(20); tries++) await new Promise((resolve) => setTimeout(resolve, 100))
  t.ok(load.admitsRequest(20), 'idle again')
})

/** A processor that each call keeps busy for `cost` seconds, and who wants to call. */
class Machine {
  time = 0
  readonly rate = new CallRate(() => this.time)
  /** Seconds of work that wait. */
  backlog = 0

  constructor(public cost: number) {}

  /** Plays `seconds` at `rate` calls a second. @returns the calls begun, and the longest that one waited */
  play(rate: number, seconds: number): { begun: number, waited: number } {
    let begun = 0
    let waited = 0
    for (let look = 0; look < seconds * 5; look++) {
      let worked = 0
      for (let at = 0; at < rate / 5; at++) {
        this.time += 1000 / rate
        if (this.rate.admits(this.backlog > 3 * this.cost)) {
          begun++
          this.backlog += this.cost
          waited = Math.max(waited, this.backlog)
        }
        const done = Math.min(this.backlog, 1 / rate)
        this.backlog -= done
        worked += done
      }
      this.rate.adapt(worked * 5 / 0.9)
    }
    return { begun, waited }
  }
}

t.test('the rate comes near to what can be done, and is known when it is needed again', async (t) => {
  const machine = new Machine(0.01)
  t.equal(machine.play(50, 10).begun, 500, 'nobody is turned away for nothing')
  machine.play(200, 5)
  const over = machine.play(200, 10)
  t.ok(over.begun > 700 && over.begun <= 1000, `${over.begun} of 1000 that could be done`)
  t.ok(over.waited < 0.06, `${over.waited} s`)
  t.equal(machine.play(50, 10).begun, 500, 'all again')
  const again = machine.play(200, 1)
  t.ok(again.begun < 130, `${again.begun} of 200 at once`)
})

t.test('a slower machine is noticed, and a faster one', async (t) => {
  const machine = new Machine(0.01)
  machine.play(200, 10)
  machine.cost = 0.02
  machine.play(200, 5)
  const slow = machine.play(200, 10).begun
  t.ok(slow > 300 && slow <= 500, `${slow} of 500`)
  machine.cost = 0.005
  machine.play(150, 10)
  t.equal(machine.play(150, 10).begun, 1500)
})

t.test('ten calls a second are always begun, whoever else keeps us busy', async (t) => {
  let time = 0
  const rate = new CallRate(() => time)
  let begun = 0
  for (let look = 0; look < 100; look++) {
    for (let at = 0; at < 10; at++) {
      time += 20
      if (rate.admits(look < 10 && at === 9)) begun++
    }
    rate.adapt(1.1)
  }
  t.ok(begun >= 190 && begun < 400, `${begun} in 20 s`)
})

t.test('a queue in a moment in which nobody could begin does not shut the door', async (t) => {
  let time = 0
  const rate = new CallRate(() => time)
  t.notOk(rate.admits(true))
  time += 200
  rate.adapt(0.5)
  let begun = 0
  for (let at = 0; at < 20; at++) {
    time += 100
    if (rate.admits(false)) begun++
  }
  t.ok(begun >= 19, `${begun} of 20 in 2 s`)
})

/** People who want to call, and how busy they make us. */
class Callers {
  time = 0
  readonly rate = new CallRate(() => this.time)

  /** @param perSecond calls wanted @param queue whether the first of them would wait @returns calls begun */
  want(perSecond: number, looks: number, strain: number, queue = false): number {
    let begun = 0
    for (let look = 0; look < looks; look++) {
      for (let at = 0; at < perSecond / 5; at++) {
        this.time += 1000 / perSecond
        if (this.rate.admits(queue && look === 0 && at === 0)) begun++
      }
      this.rate.adapt(strain)
    }
    return begun
  }
}

t.test('who waits is served first', async (t) => {
  const callers = new Callers()
  callers.want(100, 1, 1, true)
  callers.want(10, 5, 0.5)
  t.notOk(callers.rate.admits(true))
  callers.time += 50
  t.notOk(callers.rate.admits(false))
  callers.time += 100
  t.ok(callers.rate.admits(false))
})

t.test('while calls are turned away nearly too much is too much', async (t) => {
  const callers = new Callers()
  callers.want(200, 1, 1, true)
  const before = callers.want(200, 5, 0.97)
  t.ok(callers.want(200, 5, 0.97) < before)
})

t.test('what went well is known when a queue is seen', async (t) => {
  const callers = new Callers()
  callers.want(10, 1, 1, true)
  callers.want(5, 5, 0.1)
  t.equal(callers.want(60, 8, 0.9), 96, 'nobody waits')
  const begun = callers.want(60, 5, 0.9, true)
  t.ok(begun >= 45, `${begun} of 60`)
})
