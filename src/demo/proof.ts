import { findNumber, type Phone } from '../embedded/phone/index.js'
import type { Report } from './report.js'
import type { Stage } from './stage.js'

/** Searches every byte that each phone received for the other's number, and for its own to see that the search works. */
export function proof({ courier, customer }: Stage, report: Report): void {
  report.title('4  What each phone could know of the other')
  searched(report, 'courier', courier, 'customer', customer)
  searched(report, 'customer', customer, 'courier', courier)
}

function searched(report: Report, name: string, phone: Phone, otherName: string, other: Phone): void {
  const { seen } = phone
  const messages = phone.wire.messages.filter(({ direction }) => direction === 'in').length
  const packets = phone.packets.filter(({ direction }) => direction === 'in').length
  const [own, others] = [findNumber(seen, phone.number).length, findNumber(seen, other.number).length]
  report.say(`  The ${name}'s phone received ${messages} SIP messages and ${packets} media packets, ${Math.ceil(seen.length / 1024)} KiB.`)
  report.say(`  Its own number is in them ${own} times, the ${otherName}'s ${others} times.`)
  // The other phone spares nothing to give its number away; otherwise this would prove little.
  const told = findNumber(other.sent, other.number).length
  report.check(`the ${otherName}'s phone sent its number ${told} times, and not one reached the ${name}`, told > 0 && own > 0 && others === 0)
}
