/** RTP of A-law with a CSRC, a header extension (RFC 8285) and padding, all with room for words. */
export function rtpWithExtras(count: number, extension: string, padding: string): Buffer {
  const head = Buffer.alloc(12)
  head[0] = 0x80 | 0x20 | 0x10 | 1
  head[1] = (count === 0 ? 0x80 : 0) | 8
  head.writeUInt16BE(1000 + count, 2)
  head.writeUInt32BE(160_000 + 160 * count, 4)
  head.writeUInt32BE(0x7a716b61, 8)
  const csrc = Buffer.from('kana')
  const words = Buffer.alloc(Math.ceil(extension.length / 4) * 4)
  words.write(extension)
  const extensionHead = Buffer.from([0x10, 0, 0, words.length / 4])
  const filling = Buffer.from(`${padding}\0`)
  filling[filling.length - 1] = filling.length
  return Buffer.concat([head, csrc, extensionHead, words, Buffer.alloc(160, 0x55), filling])
}

/** What SDES can say of somebody (RFC 3550 §6.5). */
const items = ['CNAME', 'NAME', 'EMAIL', 'PHONE', 'LOC', 'TOOL', 'NOTE', 'PRIV']
const ssrc = 0x7a716b61

/** A sender report, SDES with every item, an APP packet and a BYE with its reason. */
export function rtcpWithNames(word: (item: string) => string): Buffer {
  const report = Buffer.alloc(24)
  report.writeUInt32BE(ssrc, 0)
  report.writeUInt32BE(160_000, 12)
  const chunk = [u32(ssrc), ...items.map((name, index) => item(index + 1, word(`SDES ${name}`))), Buffer.from([0])]
  const [name, why] = [word('APP'), word('BYE')]
  return Buffer.concat([
    packet(0x80, 200, report),
    packet(0x81, 202, Buffer.concat(chunk)),
    packet(0x80, 204, Buffer.concat([u32(ssrc), Buffer.from('kana'), Buffer.from(name)])),
    packet(0x81, 203, Buffer.concat([u32(ssrc), Buffer.from([why.length]), Buffer.from(why)]))
  ])
}

function item(type: number, text: string): Buffer {
  return Buffer.concat([Buffer.from([type, text.length]), Buffer.from(text)])
}

function packet(first: number, type: number, content: Buffer): Buffer {
  const padded = Buffer.concat([content, Buffer.alloc((4 - content.length % 4) % 4)])
  const head = Buffer.from([first, type, 0, 0])
  head.writeUInt16BE(padded.length / 4, 2)
  return Buffer.concat([head, padded])
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}
